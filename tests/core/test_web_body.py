"""A request's body: not larger than it may be, not slower than it may be."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

import pytest

from textback.web import body

MIB = 1 << 20


class Wire:
    """Gives a body in the parts in which it arrives; then nothing more comes."""

    def __init__(self, parts: Sequence[bytes], *, ends: bool = True, gone: bool = False) -> None:
        self._messages: list[dict[str, Any]] = [
            {
                "type": "http.request",
                "body": part,
                "more_body": not ends or index < len(parts) - 1,
            }
            for index, part in enumerate(parts)
        ]
        if gone:
            self._messages.append({"type": "http.disconnect"})
        self.given = 0

    async def __call__(self) -> dict[str, Any]:
        """The next message; waits for ever if there is none."""
        if self.given == len(self._messages):
            await asyncio.Event().wait()
        self.given += 1
        return self._messages[self.given - 1]


@pytest.mark.parametrize("parts", [[b""], [b"a=1"], [b"a=", b"1"], [b"x" * MIB], [b"x"] * 1000])
async def test_a_body_comes_whole(parts: list[bytes]) -> None:
    """In one part or in many, up to 1 MiB."""
    assert await body.read(Wire(parts), None) == b"".join(parts)


async def test_a_declared_length_that_is_too_large_is_refused_unread() -> None:
    """413, before anything of it is taken."""
    wire = Wire([b"x"])

    with pytest.raises(body.BodyError) as caught:
        await body.read(wire, str(MIB + 1).encode())

    assert caught.value.status == 413
    assert wire.given == 0


@pytest.mark.parametrize(
    "parts",
    [[b"x" * (MIB + 1)], [b"x" * MIB, b"x"], [b"x" * (MIB // 2)] * 100],
    ids=["at once", "one byte too many", "in many parts"],
)
async def test_a_body_that_grows_too_large_is_refused(parts: list[bytes]) -> None:
    """413, whatever was declared, and as soon as it is known."""
    wire = Wire(parts)

    with pytest.raises(body.BodyError) as caught:
        await body.read(wire, b"3")

    assert caught.value.status == 413
    assert wire.given <= 3


@pytest.mark.parametrize("parts", [[], [b"a=1&"]], ids=["nothing comes", "the rest never comes"])
async def test_a_body_that_comes_too_slowly_is_refused(
    monkeypatch: pytest.MonkeyPatch, parts: list[bytes]
) -> None:
    """408 when the time is over."""
    monkeypatch.setattr(body, "WITHIN_S", 0.05)

    with pytest.raises(body.BodyError) as caught:
        await body.read(Wire(parts, ends=False), None)

    assert caught.value.status == 408


async def test_a_sender_that_goes_away_is_told_apart() -> None:
    """400, though nobody is there to read it."""
    with pytest.raises(body.BodyError) as caught:
        await body.read(Wire([b"a=1&"], ends=False, gone=True), None)

    assert caught.value.status == 400
