"""Lets matplotlib use a cache folder it cannot write to, and fills that folder (MPLCONFIGDIR) with the list of fonts.

Unchanged, matplotlib passes over a read-only folder with a warning, and every fresh sandbox would scan for fonts.
"""

import importlib.util
import pathlib

source = pathlib.Path(importlib.util.find_spec("matplotlib").origin)
text = source.read_text()
needs_writing = "os.access(str(configdir), os.W_OK)"
if text.count(needs_writing) != 1:
    raise SystemExit("matplotlib chooses its cache folder in another way now: adapt this script.")
source.write_text(text.replace(needs_writing, "os.access(str(configdir), os.R_OK)"))

import matplotlib.font_manager  # noqa: E402, F401  (its import writes the list)
