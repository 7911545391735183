"""Words that careless quoting, encoding, templating or cutting would change."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

HOSTILE: Final = (
    'Zoë said: "it\'s 50% off & more" <b>\\n</b> {{ name }} ${HOME} a=b&c=d;e +1\n'
    "second line, 日本語, 🦷, שלום"
)

LONG_NAME: Final = "Zoë 🦷 " * 1_280
"""10 kB of a caller's name, in UTF-8."""

HOSTILE_TEXTS: Final[Mapping[str, str]] = {
    "quotes": HOSTILE,
    "right-to-left": "שלום, 3 PM? مرحبا (OK)",
    "emoji": "👩🏽‍⚕️ 🦷 👨‍👩‍👧‍👦 🇩🇪",  # joined by what must not be cut or dropped
    "line breaks": "one\ntwo\n\nfour\ttabbed",
}
"""What a person may well write, by what is hard about it."""

HOSTILE_NAMES: Final[Mapping[str, str]] = {
    **HOSTILE_TEXTS,
    "10 kB": LONG_NAME,
    "turned round": "\u202egnp.exe Anna\u202c",
    "header": "Anna\r\nBcc: eve@example.com\r\n\r\nbody",
    "markup": "<!channel> <@U1> @everyone [x](javascript:alert(1)) *b* _i_ `c` </script>",
    "control": "Anna\x07\x1b[31m\u2028Example",
}
"""What somebody may call themselves in order to make trouble."""
