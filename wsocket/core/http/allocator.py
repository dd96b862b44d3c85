"""How glibc's allocator treats what a server has freed.

By default it keeps it: a large block that is freed once makes later ones of its size
come from the heap, where small ones hold their pages, and each thread may take from a
heap of its own. After large messages a server would keep several times what it holds.
"""

from __future__ import annotations

import ctypes
import os
from typing import Final

# mallopt(3)
_MMAP_THRESHOLD: Final = -3
_ARENA_MAX: Final = -8

# Larger blocks are mapped, and unmapped when they are freed. Mapping costs time.
_LARGE: Final = 256 * 1024  # bytes
_ARENAS: Final = 2

_OWN_SETTINGS: Final = ("MALLOC_", "GLIBC_TUNABLES")


def give_freed_memory_back() -> None:
    """Have large blocks go back to the system, and threads share their heaps.

    This is for the whole process, so only a server that is the process does it. Where
    the allocator is another one, or the environment has settings for it, it stays as it
    is.
    """
    if any(name.startswith(_OWN_SETTINGS) for name in os.environ):
        return
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (AttributeError, OSError, TypeError):  # musl, macOS, Windows
        return
    mallopt(_MMAP_THRESHOLD, _LARGE)
    mallopt(_ARENA_MAX, _ARENAS)
