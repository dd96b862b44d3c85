"""How wide the terminal is.

`shutil` says that, too, but it imports modules for archives: the command line would
wait for them at each call.
"""

from __future__ import annotations

import os
import sys

_USUAL = 80


def columns() -> int:
    """Columns of the terminal of stdout; COLUMNS in the environment counts more."""
    told = os.environ.get("COLUMNS", "")
    if told.isdecimal() and int(told):
        return int(told)
    try:
        return os.get_terminal_size(sys.stdout.fileno()).columns or _USUAL
    except (AttributeError, ValueError, OSError):  # there is none, or no terminal
        return _USUAL
