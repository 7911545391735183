"""What is counted, for ``/metrics``."""

from __future__ import annotations

from functools import cache

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2, 5, 15, 60, 300, 900)


class Metrics:
    """The counters of one engine, in a registry of their own."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.accepted = Histogram(
            "textback_event_to_text_seconds",
            "From the event that concluded a call to the provider's acceptance of the text",
            buckets=_SECONDS,
            registry=self.registry,
        )
        self.webhooks = Counter(
            "textback_webhooks",
            "Webhooks by plugin and status",
            ["plugin", "status"],
            registry=self.registry,
        )
        self.ends = Counter(
            "textback_missed_calls", "Missed calls by their end", ["end"], registry=self.registry
        )
        self.elsewhere = Counter(
            "textback_calls_elsewhere",
            "Missed calls to numbers that are none of the client's lines, by plugin",
            ["plugin"],
            registry=self.registry,
        )
        self.calls = Counter(
            "textback_plugin_calls",
            "Hook calls by plugin, hook and result",
            ["plugin", "hook", "result"],
            registry=self.registry,
        )
        self.resting = Gauge(
            "textback_account_rests",
            "1 while an account that kept failing isn't asked",
            ["plugin", "account"],
            registry=self.registry,
        )
        self.blocked = Histogram(
            "textback_loop_blocked_seconds",
            "Times in which nothing else could be done, by the plugin that was running, if any",
            ["plugin", "hook"],
            buckets=(0.5, 1, 2, 5, 10, 30, 60),
            registry=self.registry,
        )
        self.left_behind = Gauge(
            "textback_plugin_left_behind",
            "Calls of hooks that ignore their end",
            ["plugin"],
            registry=self.registry,
        )
        self.tasks = Gauge("textback_tasks", "Tasks of the event loop", registry=self.registry)
        self.waiting = Gauge(
            "textback_commits_waiting", "Units that wait for their commit", registry=self.registry
        )
        self.steps = Gauge(
            "textback_steps", "Steps that are not over, by state", ["state"], registry=self.registry
        )
        self.calls_of = cache(self.calls.labels)  # to find them anew takes as long as a hook's task
