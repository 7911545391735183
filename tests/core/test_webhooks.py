"""Who sent a webhook: age and equality for those that are signed, a proof for those that aren't."""

import base64

import attrs
import pytest

from textback.config.references import References
from textback.config.secrets import Secret
from textback.config.settings import PluginTable, setting
from textback.config.structure import structure_settings
from textback.errors import AssemblyError, WebhookRejected
from textback.testing.builders import NOW, a_request
from textback.webhooks import Proof, basic_auth, check_age, same

KEY = "0123456789abcdef0123456789abcdef"
PASSWORD = "a password of this test, long enough"


def asked(topic="calls", *, query="", auth=None, ip="192.0.2.7"):
    headers = {}
    if auth is not None:
        headers["authorization"] = "Basic " + base64.b64encode(auth.encode()).decode()
    request = a_request(b"{}", topic=topic, headers=headers, remote_ip=ip)
    return attrs.evolve(request, url=request.url + query)


def test_same_takes_any_characters():
    """What a stranger writes into a header is no reason to fail."""
    assert same("ü€🦷", "ü€🦷")
    assert not same("\ud800", "x")
    assert not same("", "x")


@pytest.mark.parametrize("off_s", [0, 299, -299])
def test_age_within_the_tolerance(off_s):
    """Clocks differ."""
    check_age(a_request(), str(int(NOW.timestamp()) + off_s), 300)


@pytest.mark.parametrize(
    "stamp", [str(NOW.timestamp() + 301), str(NOW.timestamp() - 301), "", "x", "nan", "1e99", "ü"]
)
def test_age_that_is_refused(stamp):
    """Old, of the future, or no time at all."""
    with pytest.raises(WebhookRejected, match="time stamp"):
        check_age(a_request(), stamp, 300)


@pytest.mark.parametrize("given", ["", "Basic", "Basic !", "Basic gA==", "Bearer eDp5"])
def test_what_is_no_basic_authentication(given):
    """Nobody's name and password."""
    assert basic_auth(a_request(headers={"authorization": given})) == ("", "")


class TestKey:
    proof = Proof(key=Secret(KEY))

    @pytest.mark.parametrize("request_", [asked(f"calls/{KEY}"), asked(query=f"?a=1&key={KEY}")])
    def test_in_the_path_or_in_the_query(self, request_):
        """The plugin sees the topic without it."""
        assert self.proof.check(request_).topic == "calls"

    def test_alone(self):
        """Of a plugin that has no topics."""
        assert self.proof.check(asked(KEY)).topic == ""

    @pytest.mark.parametrize(
        "request_",
        [asked(), asked(f"{KEY}/calls"), asked(f"calls/{KEY}x"), asked(query="?key="), asked("")],
    )
    def test_missing_or_wrong(self, request_):
        """Nobody is let in."""
        with pytest.raises(WebhookRejected, match="the key in the address"):
            self.proof.check(request_)


class TestPassword:
    proof = Proof(username="acme", password=Secret(PASSWORD))

    def test_right(self):
        """As a provider that is given https://name:password@host sends it."""
        assert self.proof.check(asked(auth=f"acme:{PASSWORD}")) == asked(auth=f"acme:{PASSWORD}")

    @pytest.mark.parametrize("auth", [None, f"acme:{PASSWORD}x", f"x:{PASSWORD}", ":", ""])
    def test_missing_or_wrong(self, auth):
        """The name counts as well."""
        with pytest.raises(WebhookRejected, match="user name or password"):
            self.proof.check(asked(auth=auth))


class TestAddresses:
    proof = Proof(addresses=("192.0.2.0/28", "2001:db8::1"))

    @pytest.mark.parametrize("ip", ["192.0.2.7", "::ffff:192.0.2.7", "2001:db8::1"])
    def test_from_there(self, ip):
        """Also if the server writes IPv4 as IPv6."""
        assert self.proof.check(asked(ip=ip))

    @pytest.mark.parametrize("ip", ["192.0.2.16", "2001:db8::2", "", "unknown", "192.0.2.7, x"])
    def test_from_elsewhere(self, ip):
        """What can't be read is elsewhere."""
        with pytest.raises(WebhookRejected, match="none of the addresses"):
            self.proof.check(asked(ip=ip))


def test_all_that_is_set_must_be_right():
    """One of two is not enough."""
    proof = Proof(key=Secret(KEY), addresses=("192.0.2.0/28",))

    assert proof.check(asked(KEY))
    for request in (asked(KEY, ip="198.51.100.1"), asked("calls")):
        with pytest.raises(WebhookRejected):
            proof.check(request)


def test_check_says_what_is_believed():
    """Weaker than a signature, so it is told, without the secrets."""
    (finding,) = Proof(key=Secret(KEY), addresses=("192.0.2.1",)).findings()

    assert "a key in the address and where they come from" in finding.message
    assert KEY not in finding.message


@attrs.frozen(kw_only=True)
class Settings:
    proof: Proof | None = setting("By what its webhooks are believed.", default=None)


@pytest.mark.parametrize(
    ("table", "problem"),
    [
        ({}, "plugins.acme.proof: is empty; set key, username and password, or addresses"),
        ({"username": "x"}, "username and password belong together"),
        ({"key": "short"}, "plugins.acme.proof.key: must have 24 or more letters and digits"),
        ({"key": "a/b" * 10}, "must have 24 or more letters and digits"),
        ({"username": "x", "password": "y"}, "proof.password: is shorter than 24 characters"),
        ({"addresses": ["192.0.2.1/24"]}, 'has "192.0.2.1/24", which is no address or network'),
    ],
)
def test_table_that_proves_nothing(table, problem):
    """A file is refused whole, in words, before a webhook is taken."""
    plugin = PluginTable(
        name="acme",
        use="acme",
        roles=None,
        was=(),
        settings={"proof": table},
        file="clients/x.toml",
        references=References(),
    )
    with pytest.raises(AssemblyError) as caught:
        structure_settings(Settings, plugin)
    assert problem in str(caught.value)
