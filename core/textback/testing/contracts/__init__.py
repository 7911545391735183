"""What every plugin of a role must do, as tests: derive a test class and say how it is made.

    class TestAcmeTexts(SenderContract):
        accepted = httpx.Response(201, json={"id": "M1"})
        secret = "the key in SETTINGS"

        @pytest.fixture
        def sender(self, services):
            return Acme(SETTINGS, services)

The fixtures `provider` and `services` come from `textback.testing.fixtures`.  There is one contract
a role, and some that roles share: `WebhookContract` for whatever a provider posts to us,
`ListenContract` for what comes over a held connection, `OverHttp` for whatever we ask of a
provider.  `CheckContract` and `EraseContract` go with any role.  A test
that can't be about a plugin is skipped and says why.
"""

import pytest

_MODULES = (
    "around",
    "bookings",
    "crms",
    "emails",
    "fields",
    "listeners",
    "lookups",
    "notifiers",
    "over_http",
    "senders",
    "sources",
    "webhooks",
)
# Before they are imported: a failing assert in them shows the values it compared.
pytest.register_assert_rewrite(*(f"{__name__}.{module}" for module in _MODULES))

from textback.testing.contracts.around import CheckContract, EraseContract  # noqa: E402
from textback.testing.contracts.bookings import BookingContract  # noqa: E402
from textback.testing.contracts.crms import Book, CrmContract  # noqa: E402
from textback.testing.contracts.emails import EmailContract  # noqa: E402
from textback.testing.contracts.hostile import HOSTILE, HOSTILE_TEXTS, LONG_NAME  # noqa: E402
from textback.testing.contracts.listeners import FarSide, ListenContract  # noqa: E402
from textback.testing.contracts.lookups import LookupContract  # noqa: E402
from textback.testing.contracts.notifiers import NotifierContract  # noqa: E402
from textback.testing.contracts.over_http import NOT_FOR_EVER, OverHttp, said_in  # noqa: E402
from textback.testing.contracts.senders import SenderContract  # noqa: E402
from textback.testing.contracts.sources import Listed, SourceContract, Story  # noqa: E402
from textback.testing.contracts.webhooks import Example, WebhookContract  # noqa: E402

__all__ = [
    "HOSTILE",
    "HOSTILE_TEXTS",
    "LONG_NAME",
    "NOT_FOR_EVER",
    "Book",
    "BookingContract",
    "CheckContract",
    "CrmContract",
    "EmailContract",
    "EraseContract",
    "Example",
    "FarSide",
    "Listed",
    "ListenContract",
    "LookupContract",
    "NotifierContract",
    "OverHttp",
    "SenderContract",
    "SourceContract",
    "Story",
    "WebhookContract",
    "said_in",
]
