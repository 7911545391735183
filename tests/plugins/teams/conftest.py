"""The plugin in front of a workflow that keeps what it gets."""

import pytest

from textback.config.secrets import Secret
from textback.testing.fixtures import provider, services
from textback_teams import Settings, Teams

__all__ = ["provider", "services"]

URL = (
    "https://prod-12.westus.logic.azure.com:443/workflows/0123456789abcdef0123456789abcdef/"
    "triggers/manual/paths/invoke?api-version=2016-06-01&sp=%2Ftriggers%2Fmanual%2Frun&sv=1.0"
    "&sig=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA0"
)


@pytest.fixture
def build(services):
    def build(url=URL, **settings):
        return Teams(Settings(url=Secret(url), **settings), services)

    return build


@pytest.fixture
def teams(build):
    return build()
