"""The long form.

python tests/crash --minutes 10 --rate 20 --seed 1
python tests/crash --store postgres --serves 2 --workers 2 --queue notify --minutes 10
"""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from crash.driver import main

sys.exit(main())
