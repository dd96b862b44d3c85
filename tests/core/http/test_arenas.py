"""The arenas of malloc, in a process of its own: they cannot be taken back."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from tests.patience import SECONDS
from tests.programs import environ

PROGRAM = """
import ctypes, threading
from wsocket.core.http.arenas import limit_arenas

limit_arenas()
libc = ctypes.CDLL(None)
together = threading.Barrier(20)


def allocate():
    together.wait()
    libc.free(libc.malloc(1000))
    together.wait()


libc.malloc.restype = ctypes.c_void_p
libc.free.argtypes = [ctypes.c_void_p]
threads = [threading.Thread(target=allocate) for _ in range(20)]
for each in threads:
    each.start()
for each in threads:
    each.join()
libc.fdopen.restype = ctypes.c_void_p
libc.malloc_info.argtypes = [ctypes.c_int, ctypes.c_void_p]
stdout = ctypes.c_void_p(libc.fdopen(1, b"w"))
libc.malloc_info(0, stdout)
libc.fflush(stdout)
"""


def arenas(**more: str) -> int:
    """How many arenas 20 threads make that allocate at once."""
    given = {k: v for k, v in environ().items() if k != "MALLOC_ARENA_MAX"}
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM],
        env={**given, **more},
        capture_output=True,
        timeout=SECONDS,
        check=True,
    )
    return done.stdout.count(b"<heap nr=")


@pytest.mark.processes
def test_threads_share_two_arenas():
    """What they free is kept twice, not once for each thread."""
    assert arenas() <= 2


@pytest.mark.processes
def test_the_environment_may_say_how_many():
    """As it may for every program."""
    assert arenas(MALLOC_ARENA_MAX="1000") > 2 or os.cpu_count() == 1
