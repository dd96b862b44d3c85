"""How soon a thread gets Python's interpreter lock that another one has."""

from __future__ import annotations

import sys

_DEFAULT = 0.005  # seconds; Python's own
_OFTEN = 0.0005


def switch_threads_often() -> None:
    """Let threads wait for a tenth of the time, unless the program has set another one.

    A login needs the lock about ten times, in four threads. Beside one view that
    computes it would wait for 50 ms, with the default of `sys.setswitchinterval`.
    """
    if sys.getswitchinterval() == _DEFAULT:
        sys.setswitchinterval(_OFTEN)
