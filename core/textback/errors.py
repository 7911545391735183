"""What can go wrong, as a tree.

TextbackError
├── ConfigError              a file that a user wrote can't be used; says where, and what to do
├── AssemblyError            a plugin can't be put into a stack; names the plugin and the hook
├── WebhookRejected          the signature is missing or wrong: 401
├── UnreadableWebhook        signed, but not in the provider's format: 400
├── ProviderError            a provider didn't do what it was asked
│   ├── NotSent              no byte of the request was written: surely nothing happened
│   ├── MaybeSent            the request may have left, and no whole answer came
│   ├── Refused              the provider answered no
│   └── DeliveryError        a text didn't leave; says whether another sender may try
└── StoreError
    ├── StoreBusy            it can't commit now: 503, and the provider tries again
    └── WrongStore           the file or server is not one that this version can use
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from textback.words import storable

if TYPE_CHECKING:
    from collections.abc import Sequence

    from textback.config.messages import Problem


class TextbackError(Exception):
    """Everything that textback raises on purpose."""


class ConfigError(TextbackError, ValueError):
    """A value that a user wrote can't be used; the message is for that user."""


class AssemblyError(TextbackError):
    """A client's stack can't be built; *problems* has one entry for each reason."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__("\n".join(str(problem) for problem in problems))
        self.problems = tuple(problems)


class WebhookRejected(TextbackError):
    """A webhook whose signature is missing or wrong.  Answered 401; nothing is stored."""


class UnreadableWebhook(TextbackError):
    """A webhook that is signed but not in the provider's format.  Answered 400."""


class ProviderError(TextbackError):
    """A provider didn't do what it was asked.

    The message is stored and shown.  It may quote an answer: what no database takes is replaced.

    Attributes:
        permanent: Trying again would give the same answer; the step is parked at once.
        retry_after: Seconds that the provider asked us to wait, if it did.
        code: The provider's own code, for people who look it up.
    """

    permanent: bool = False

    def __init__(
        self, message: str, *, retry_after: float | None = None, code: str | None = None
    ) -> None:
        super().__init__(storable(str(message)))
        self.retry_after = retry_after
        self.code = code


class NotSent(ProviderError):
    """No byte of the request was written: refused, unreachable, or no connection in time."""


class NotAsked(NotSent):
    """The account rests or has no room: nothing was tried, and it says nothing of the request."""


class MaybeSent(ProviderError):
    """The request may have left and no whole answer came: nobody knows whether it was done."""


class Refused(ProviderError):
    """The provider answered, and the answer is no."""

    def __init__(
        self,
        message: str,
        *,
        permanent: bool,
        retry_after: float | None = None,
        code: str | None = None,
    ) -> None:
        super().__init__(message, retry_after=retry_after, code=code)
        self.permanent = permanent


class DeliveryError(Refused):
    """A sender says that a text did not leave.

    Attributes:
        try_next: Another sender may deliver it, and this one surely did not.
        opted_out: The provider holds an opt-out for this number; it becomes ours.
        unreachable: The number can't get texts (landline, unknown); it is remembered.
    """

    def __init__(
        self,
        message: str,
        *,
        permanent: bool,
        try_next: bool = False,
        opted_out: bool = False,
        unreachable: bool = False,
        retry_after: float | None = None,
        code: str | None = None,
    ) -> None:
        super().__init__(message, permanent=permanent, retry_after=retry_after, code=code)
        self.try_next = try_next
        self.opted_out = opted_out
        self.unreachable = unreachable


class StoreError(TextbackError):
    """The store can't do what it was asked."""


class StoreBusy(StoreError):
    """The store can't commit now; the same thing may work in a moment."""


class WrongStore(StoreError):
    """The store's place or version can't be used; the message says what to do."""
