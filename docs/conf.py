"""How the documentation is built: ``tox -e docs``."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent / "_ext"))

project = "textback"
author = "the textback authors"
copyright = author  # noqa: A001 (Sphinx's name)

extensions = ["myst_parser", "textback_docs"]
exclude_patterns = ["_build"]
myst_enable_extensions = ["deflist"]
myst_heading_anchors = 3
nitpicky = True

html_theme = "furo"
html_title = "textback"
html_copy_source = False
smartquotes = False  # what is shown as code is typed
