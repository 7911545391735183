"""Phone numbers: read as providers and people write them, kept as E.164, shown with care.

A number counts if it is *possible* (length and shape fit its country), not only if it is known to
be in use: number plans change faster than their copies, and 555 numbers must do for tests.
"""

from __future__ import annotations

import re
from functools import lru_cache

import phonenumbers
from phonenumbers import NumberParseException, PhoneNumberFormat, ValidationResult

from textback.model import PhoneNumber

# What carriers send for a withheld number: keypad spellings of ANONYMOUS, RESTRICTED, BLOCKED,
# UNKNOWN and UNAVAILABLE (https://www.twilio.com/docs/voice/api/call-resource).
_PLACEHOLDERS = frozenset({"266696687", "7378742833", "2562533", "8656696", "86282452253"})

_E164 = re.compile(r"\+[1-9]\d{7,14}", re.ASCII)
_NORTH_AMERICAN = re.compile(r"\+1[2-9]\d{9}", re.ASCII)
_SCHEME = re.compile(r"<?\s*(?:sips?|tel):", re.IGNORECASE)
_NOT_DIGITS = re.compile(r"\D", re.ASCII)
_NO_REGIONS = frozenset({"ZZ", "001"})  # unknown; of the whole world
_CACHED = 16_384


@lru_cache(maxsize=_CACHED)
def normalise(raw: str | None, region: str | None) -> PhoneNumber | None:
    """Write a number as E.164, e.g. ``+13035550123``.

    Args:
        raw: The number as someone wrote it: international, national, without its plus, or the
            address of a SIP call.
        region: Where a number without a country code is taken to be, e.g. ``"US"``.

    Returns:
        None for what can't be texted: withheld numbers and their placeholders, internal
        extensions, short codes, SIP addresses without a number, anything of the wrong length.
    """
    if raw and _NORTH_AMERICAN.fullmatch(raw):  # as most sources here write it
        return PhoneNumber(raw)
    text = _bare(raw or "")
    digits = _NOT_DIGITS.sub("", text)
    if digits in _PLACEHOLDERS or any(letter.isalpha() for letter in text):
        return None
    if ";ext=" in (raw or "").lower():
        return None  # a desk in an office
    if (number := _possible(text, region)) is not None:
        return number
    # Some providers leave out the plus of a number abroad.
    return None if "+" in text else _possible(f"+{digits}", None)


def withheld(raw: str) -> bool:
    """Whether this is what a provider writes for a caller who shows no number.

    Nothing, a word without digits (``anonymous``, ``Restricted``), or a known placeholder.
    """
    digits = _NOT_DIGITS.sub("", _bare(raw))
    return not digits or digits in _PLACEHOLDERS


@lru_cache(maxsize=_CACHED)
def region_of(number: str) -> str | None:
    """The country of an E.164 number, e.g. ``"US"``; None if its country code is no country's."""
    parsed = _parsed(number)
    if parsed is None or parsed.country_code is None:
        return None
    region = phonenumbers.region_code_for_number(parsed)
    if region is None:  # the number isn't known to be in use; its country code still tells
        return calling_region(number)
    return None if region in _NO_REGIONS else region


@lru_cache(maxsize=_CACHED)
def costs_extra(number: str) -> bool:
    """Whether who calls or texts an E.164 number pays a premium for it."""
    if number.startswith("+1") and number[2:5] != "900" and number[5:8] != "976":
        return False  # in North America these do, and to ask takes long
    parsed = _parsed(number)
    kind = phonenumbers.number_type(parsed) if parsed is not None else None
    return kind == phonenumbers.PhoneNumberType.PREMIUM_RATE


@lru_cache(maxsize=_CACHED)
def calling_region(number: str) -> str | None:
    """A country with this number's country code: enough to read national numbers by, and quick.

    It is the same for all countries that share a code: ``"US"`` for Canadian numbers too.
    """
    parsed = _parsed(number)
    if parsed is None or parsed.country_code is None:
        return None
    region = phonenumbers.region_code_for_country_code(parsed.country_code)
    return None if region in _NO_REGIONS else region


def mask(number: str) -> str:
    """A number for logs: country and area, and the last four digits, e.g. ``+1303•••0123``.

    At least three digits are hidden; of what is too short for that, everything is.
    """
    head = min(5, len(number) - 7)
    return f"{number[:head]}•••{number[-4:]}" if head >= 2 else "•••"


@lru_cache(maxsize=_CACHED)
def display(number: str, region: str | None) -> str:
    """A number as people in *region* write it: ``(303) 555-0123``, from abroad ``+1 303-555-0123``.

    What is no number is given back unchanged.
    """
    parsed = _parsed(number)
    if parsed is None:
        return number
    at_home = region is not None and region_of(number) == region
    if _NORTH_AMERICAN.fullmatch(number):
        area, exchange, rest = number[2:5], number[5:8], number[8:]
        return f"({area}) {exchange}-{rest}" if at_home else f"+1 {area}-{exchange}-{rest}"
    form = PhoneNumberFormat.NATIONAL if at_home else PhoneNumberFormat.INTERNATIONAL
    return phonenumbers.format_number(parsed, form)


def _bare(raw: str) -> str:
    """The part of ``sip:NUMBER@host;...`` or ``tel:NUMBER;...`` that may be a number."""
    raw = raw.strip()
    scheme = _SCHEME.match(raw)
    return re.split(r"[@;>]", raw[scheme.end() :], maxsplit=1)[0].strip() if scheme else raw


def _possible(text: str, region: str | None) -> PhoneNumber | None:
    try:
        parsed = phonenumbers.parse(text, region)
    except NumberParseException:
        return None
    # is_possible_number() would also take numbers that can be dialled only locally.
    reason = phonenumbers.is_possible_number_with_reason(parsed)
    if reason != ValidationResult.IS_POSSIBLE or parsed.extension:
        return None
    e164 = phonenumbers.format_number(parsed, PhoneNumberFormat.E164)
    return PhoneNumber(e164) if _E164.fullmatch(e164) else None


@lru_cache(maxsize=_CACHED)
def _parsed(number: str) -> phonenumbers.PhoneNumber | None:
    if _NORTH_AMERICAN.fullmatch(number):  # nothing to find out, and half of the time saved
        return phonenumbers.PhoneNumber(country_code=1, national_number=int(number[2:]))
    try:
        return phonenumbers.parse(number, None)
    except NumberParseException:
        return None
