"""What README.md shows works as it stands there."""

import re
from pathlib import Path

import pytest

from textback import plugins
from textback.config import load
from textback.engine.starting.check import complete

README = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")

DEPLOYMENT = """
[server]
public_url = "https://hooks.agency.example"

[store]
key = "${TEXTBACK_KEY}"
"""

ENVIRON = {
    "TEXTBACK_KEY": "k" * 64,
    "BRIGHT_TWILIO_TOKEN": "0123456789abcdef0123456789abcdef",
    "BRIGHT_WEBHOOK_SECRET": "whsec_dGV4dGJhY2sgdGVzdHMgc2lnbiB3aXRoIHRoaXMga2V5",
}


@pytest.fixture
def deployment(tmp_path):
    """A deployment whose one client is README's."""
    (client,) = re.findall(r"^```toml\n(.*?)^```$", README, re.DOTALL | re.MULTILINE)
    (tmp_path / "textback.toml").write_text(DEPLOYMENT, encoding="utf-8")
    (tmp_path / "clients").mkdir()
    (tmp_path / "clients" / "bright-smile.toml").write_text(client, encoding="utf-8")
    return tmp_path / "textback.toml"


def checked(deployment, environ):
    """The files as `textback check` sees them, the plugins' settings included."""
    return complete(load(deployment, environ=environ), plugins.find(deployment.parent))


def test_the_clients_file_loads(deployment):
    """No problem in it, and it says what the words beside it promise."""
    config = checked(deployment, ENVIRON)

    assert config.problems == ()
    client = config.clients["bright-smile"]
    assert client.name == "Bright Smile Dental"
    assert list(client.plugins) == ["twilio", "contacts", "webhook"]


def test_the_clients_file_needs_only_what_it_names(deployment):
    """A variable that is missing is a problem: README's file names each that it uses."""
    without = {name: value for name, value in ENVIRON.items() if name != "BRIGHT_TWILIO_TOKEN"}

    told = "\n".join(str(problem) for problem in checked(deployment, without).problems)

    assert "BRIGHT_TWILIO_TOKEN" in told
    assert "BRIGHT_WEBHOOK_SECRET" not in told


@pytest.mark.parametrize("ending", ["/bin/textback demo", "/bin/tox"])
def test_each_thing_to_run_is_one_line(ending):
    """``.ci/run`` finds the test command by its ending."""
    lines = [line for line in README.splitlines() if line.endswith(ending)]

    assert len(lines) == 1
    assert lines[0].startswith("python3 -m venv .venv && .venv/bin/pip install -q ")


def test_links_lead_to_files():
    """Relative links of README.md are files of the project."""
    links = re.findall(r"\]\(([^):#]+)\)", README)

    assert links
    assert [link for link in links if not (Path(__file__).parents[2] / link).is_file()] == []
