"""Samples gone wrong: bytes flipped, fields removed, retyped and renamed, and things made up."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import parse_qsl, quote_from_bytes

import attrs
from hypothesis import strategies as st

from support.readers import FORM, JSON, Sample

ODD: tuple[Any, ...] = (
    None, True, False, 0, -1, 1.5, 10**30, -(10**400), float("inf"), float("nan"), "", " ", "x",
    "\x00", "\ud800", "\udc00\ud800", "é🦷\u202e", "x" * 20_000, "+", "+1303555" + "0" * 500,
    "anonymous", "2026-13-45", "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00",
    "99999999999999999999", "1e999", "-1", "NaN", "²", "١٢٣", [], {}, [[]], [None], {"": {}},
    "Mon, 99 Foo 99999 99:99:99 +9999", "Fri, 31 Dec 9999 23:59:59 -2359", "%00", "{{ 7*7 }}",
)  # fmt: skip

TYPES = (
    JSON, FORM, "", "text/plain", "application/json; charset=utf-16", "multipart/form-data",
    "multipart/form-data; boundary=", "multipart/form-data; boundary=b", "message/rfc822",
    "application/octet-stream", "image/png; \u00e9", "application/json; charset=nothing",
)  # fmt: skip

_odd = st.one_of(st.sampled_from(ODD), st.text(max_size=20), st.integers(), st.floats())
_name = st.one_of(
    st.sampled_from(("", "\x00", "id", "type", "from", "\ud800")), st.text(max_size=8)
)


@st.composite
def mutated(draw: st.DrawFn, samples: tuple[Sample, ...]) -> Sample:
    """One of the samples, gone wrong."""
    sample = draw(st.sampled_from(samples))
    how = draw(st.integers(0, 9))
    if how <= 5:
        body = _fields(draw, sample)
    elif how <= 7:
        body = _bytes(draw, sample.body)
    elif how == 8:
        body = draw(st.binary(max_size=200))
    else:
        body = draw(st.sampled_from(_EXTREME))
    sample = attrs.evolve(sample, body=body)
    if draw(st.integers(0, 9)) == 0:
        sample = attrs.evolve(sample, content_type=draw(st.sampled_from(TYPES)))
    if draw(st.integers(0, 9)) == 0:
        query = draw(
            st.sampled_from(("text=%00", "call=%ff%fe&ring=x", "ring=-1", "ring=99", "a" * 500))
        )
        sample = attrs.evolve(sample, query=query)
    if draw(st.integers(0, 19)) == 0:
        topics = (*(each.topic for each in samples), "", "nothing", "a/b", "%2e%2e", "\u00e9")
        sample = attrs.evolve(sample, topic=draw(st.sampled_from(topics)))
    if draw(st.integers(0, 19)) == 0:
        sample = attrs.evolve(sample, method="GET")
    return sample


_DEEP = 100_000
_EXTREME = (
    b"[" * _DEEP,
    b'{"a":' * _DEEP,
    b'{"event":' * 900 + b"1" + b"}" * 900,
    b'{"data":' + b"[" * 900 + b"]" * 900 + b"}",
    b"1" * 5_000,
    b'{"id": ' + b"9" * 5_000 + b"}",
    b"\xff\xfe{\x00}\x00",
    b"\xef\xbb\xbf{}",
    b"null",
    b'""',
    b"a&" * 5_000,
    b"=&=&=",
    b"%",
    b"--b\r\n" * 2_000,
    b"Content-Type: multipart/mixed; boundary=b\r\n\r\n" + b"--b\r\n" * 2_000,
)


def _bytes(draw: st.DrawFn, body: bytes) -> bytes:
    """Flip, cut, repeat and insert."""
    changed = bytearray(body)
    for _ in range(draw(st.integers(1, 4))):
        at = draw(st.integers(0, max(0, len(changed) - 1)))
        match draw(st.integers(0, 4)):
            case 0 if changed:
                changed[at] ^= 1 << draw(st.integers(0, 7))
            case 1:
                del changed[at:]
            case 2:
                changed[at:at] = draw(st.binary(max_size=8))
            case 3:
                changed[at:at] = changed[at : at + 40]
            case _:
                del changed[at : at + draw(st.integers(1, 20))]
    return bytes(changed)


def _fields(draw: st.DrawFn, sample: Sample) -> bytes:
    try:
        told = json.loads(sample.body)
    except ValueError:
        if sample.content_type != FORM:
            return _bytes(draw, sample.body)
        return _form(draw, sample.body)
    for _ in range(draw(st.integers(1, 4))):
        told = _tree(draw, told)
    text = json.dumps(told, ensure_ascii=draw(st.booleans()))
    if isinstance(told, dict) and told and draw(st.integers(0, 9)) == 0:  # a name twice
        name = draw(st.sampled_from(sorted(told, key=str)))
        text = f"{{{json.dumps(name)}: {json.dumps(draw(_odd))}, {text[1:]}"
    encoding = draw(st.sampled_from(("utf-8",) * 8 + ("utf-16", "utf-32")))
    return text.encode(encoding, "surrogatepass")


def _tree(draw: st.DrawFn, value: Any) -> Any:
    """The same JSON with one thing in it changed."""
    if isinstance(value, dict) and value:
        name = draw(st.sampled_from(sorted(value, key=str)))
        match draw(st.integers(0, 5)):
            case 0:
                return {key: each for key, each in value.items() if key != name}
            case 1:
                return {**value, name: draw(_odd)}
            case 2:
                new = draw(_name)
                return {new if key == name else key: each for key, each in value.items()}
            case 3:
                return {**value, name: [value[name]]}
            case _:
                return {**value, name: _tree(draw, value[name])}
    if isinstance(value, list) and value:
        at = draw(st.integers(0, len(value) - 1))
        match draw(st.integers(0, 3)):
            case 0:
                return value[:at]
            case 1:
                return [*value, *value]
            case _:
                return [*value[:at], _tree(draw, value[at]), *value[at + 1 :]]
    return draw(_odd)


def _form(draw: st.DrawFn, body: bytes) -> bytes:
    pairs: list[tuple[bytes, bytes]] = [
        (name.encode(), value.encode())
        for name, value in parse_qsl(body.decode(), keep_blank_values=True)
    ]
    for _ in range(draw(st.integers(1, 4))):
        at = draw(st.integers(0, len(pairs) - 1)) if pairs else 0
        odd = str(draw(_odd)).encode("utf-8", "surrogatepass")
        match draw(st.integers(0, 4)):
            case 0:
                del pairs[at : at + 1]
            case 1 if pairs:
                pairs[at] = (pairs[at][0], odd)
            case 2 if pairs:
                pairs[at] = (odd[:20], pairs[at][1])
            case 3 if pairs:
                pairs.insert(0, (pairs[at][0], odd))
            case _:
                pairs.append((b"More", odd))
    return b"&".join(
        quote_from_bytes(name).encode() + b"=" + quote_from_bytes(value).encode()
        for name, value in pairs
    )
