"""How much freed memory the C library keeps for the threads of a server."""

from __future__ import annotations

import contextlib
import ctypes
import os

# glibc's malloc has up to eight arenas for each core. Each keeps what was freed in it,
# up to twice the largest block: with large responses hundreds of megabytes. Python's
# interpreter lock has one thread allocate at a time, so two arenas are enough.
_ARENAS = 2
_M_ARENA_MAX = -8  # malloc.h


def limit_arenas() -> None:
    """Have malloc make no more than two arenas, unless the user has said how many.

    With another C library than glibc this does nothing.
    """
    if "MALLOC_ARENA_MAX" in os.environ:  # mallopt(3)
        return
    with contextlib.suppress(AttributeError, OSError):  # it has no mallopt
        ctypes.CDLL(None).mallopt(_M_ARENA_MAX, _ARENAS)
