"""The long form: ``python tests/crash --minutes 10 --rate 20``."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from support.crash import main

sys.exit(main())
