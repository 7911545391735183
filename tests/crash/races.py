"""The long form: ``python tests/crash/races.py --races 1000``."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from support.races import main

sys.exit(main())
