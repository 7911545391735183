"""The embedded CRM: contacts, tags, stages and a log, kept in textback's own store."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC

import attrs

from textback.agreed import agreed
from textback.hookspecs import hookimpl
from textback.model import (
    Activity,
    Basis,
    Call,
    Caller,
    Consent,
    CrmRef,
    Erased,
    Lead,
    PhoneNumber,
)
from textback.services import Contact, Services

__all__ = ["Contacts", "Settings"]

UNCONFIRMED = "unconfirmed_name"
"""Custom field with the name that a missed call brought: it may be a caller ID, and a caller ID
is not a name to greet with.  A contact whose name differs from it was named by a person."""


LANGUAGE = "language"
"""Custom field with what the contact speaks, as BCP 47 writes it."""

CONSENT_AT, CONSENT_BASIS, CONSENT_EVIDENCE = "consent_at", "consent_basis", "consent_evidence"
"""Custom fields: when the contact agreed to texts, by a ``form`` or else as this ``crm`` says, and
what shows it."""

VIP = "vip"
"""Tag of contacts for whom ``when = { vip = true }`` holds."""


@attrs.frozen(kw_only=True)
class Settings:
    """Nothing to set: ``[plugins.contacts]`` is enough."""


@attrs.frozen(eq=False)
class Contacts:
    """A CRM for a business that has none; a contact's id is its phone number."""

    api = 1

    settings: Settings
    services: Services

    @hookimpl
    async def identify_caller(self, call: Call) -> Caller | None:
        """The contact with the caller's number; None if there is none, so that others may know."""
        if call.caller is None:
            return None
        contact = await self.services.contacts.get(call.caller)
        if contact is None:
            return None
        given = contact.name if contact.name != contact.fields.get(UNCONFIRMED) else None
        return Caller(
            number=contact.number,
            name=contact.name,
            first_name=_first_name(given),
            email=contact.email,
            known=True,
            vip=VIP in contact.tags or None,
            language=contact.fields.get(LANGUAGE) or None,
            consent=_consent(contact.fields),
        )

    @hookimpl
    async def save_contact(self, lead: Lead, key: str) -> CrmRef:
        """Add the contact, or what is new of it: a second try changes nothing.

        Tags are added, the stage and the given fields replaced.  A lead's name and address fill
        only what is empty.
        """
        contacts = self.services.contacts
        known = await contacts.get(lead.number)
        name = lead.name if known is None or not known.name else None
        await contacts.save(
            Contact(
                number=lead.number,
                name=name,
                email=lead.email if known is None or not known.email else None,
                stage=lead.stage,
                tags=(lead.tag,) if lead.tag else (),
                fields={**lead.fields, **({UNCONFIRMED: name} if name else {})},
            )
        )
        return CrmRef(lead.number)

    @hookimpl
    async def log_activity(self, ref: CrmRef, activity: Activity, key: str) -> None:
        """Write one entry to the contact's log, once for each *key*.

        An entry has ``kind`` and ``at`` (ISO 8601, UTC), and of the rest what is known: ``line``,
        ``incoming``, ``body``, ``outcome``, ``duration_ms`` and the addresses of ``media``.
        """
        entry = {
            "kind": activity.kind.value,
            "at": activity.at.astimezone(UTC).isoformat(),
            "line": activity.line,
            "incoming": activity.incoming,
            "body": activity.body or None,
            "outcome": activity.outcome.value if activity.outcome else None,
            "duration_ms": activity.duration_ms,
            "media": [each.url for each in activity.media] or None,
        }
        known = {name: value for name, value in entry.items() if value is not None}
        await self.services.contacts.log(PhoneNumber(ref.id), key, known)

    @hookimpl
    async def erase(self, number: PhoneNumber) -> Erased:
        """Forget the contact and its log."""
        return Erased(await self.services.contacts.erase(number))


def _consent(fields: Mapping[str, str]) -> Consent | None:
    basis = Basis.FORM if fields.get(CONSENT_BASIS) == Basis.FORM else Basis.CRM
    evidence = fields.get(CONSENT_EVIDENCE) or f"the contact's field {CONSENT_AT}"
    return agreed(fields.get(CONSENT_AT), evidence, basis)


def _first_name(name: str | None) -> str | None:
    """The first word of a name; None for a title ("Dr.") or a turned name ("Example, Anna")."""
    words = (name or "").split()
    return words[0] if words and words[0][-1] not in ".," else None
