"""A directory with a textback.toml, to which tests add the files they are about."""

import textwrap

import pytest

from textback.config import load

DEPLOYMENT = """
[server]
public_url = "https://hooks.agency.example"
[store]
key = "a key for tests alone"
"""
BUSINESS = """
name = "Bright Smile Dental"
time_zone = "America/Denver"
lines = ["+13035550100"]
"""


class Files:
    """Writes files of a deployment, and loads what they come to."""

    def __init__(self, directory):
        self.directory = directory
        self.write("textback.toml", DEPLOYMENT)

    def write(self, name, *parts):
        path = self.directory / name
        path.parent.mkdir(exist_ok=True)
        path.write_text("\n".join(textwrap.dedent(part) for part in parts), encoding="utf-8")
        return path

    def client(self, *parts, name="bright-smile"):
        """A client's file: a business that needs nothing more, and what the test adds."""
        return self.write(f"clients/{name}.toml", BUSINESS, *parts)

    def load(self, environ=None, **kwargs):
        return load(self.directory / "textback.toml", environ=environ or {}, **kwargs)

    def load_one(self, environ=None, name="bright-smile"):
        """The one client, which must be whole."""
        config = self.load(environ)
        assert config.problems == ()
        return config.clients[name]

    def problems(self, environ=None):
        """All problems as lines."""
        return [str(problem) for problem in self.load(environ).problems]


@pytest.fixture
def files(tmp_path):
    return Files(tmp_path)
