"""What tests and demonstrations stand on: a virtual clock, a small world, fakes, contracts.

The modules, in the order in which one needs them:

- `textback.testing.clock`: time that moves only when told.
- `textback.testing.world`: phones, a CRM and a team in one process, and what each of them saw.
- `textback.testing.plays`: how a call can go, as the events that a source tells of it.
- `textback.testing.simulator`: the plugin ``simulator``, which speaks to a simulated carrier.
- `textback.testing.carrier`: that carrier: HTTP around a world, well-behaved or not.
- `textback.testing.stage`: a deployment served beside a carrier.
- `textback.testing.fakes`: a client's own plugins with every outside effect captured.
- `textback.testing.simulation`: one client's engine on a virtual clock, for `simulate` and tests.
- `textback.testing.builders`, `textback.testing.fixtures`, `textback.testing.contracts`: for the
  tests of plugins.
"""
