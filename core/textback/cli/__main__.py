"""``python -m textback.cli`` is ``textback``."""

from __future__ import annotations

from textback.cli import main

main()
