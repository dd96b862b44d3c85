"""What a server has freed goes back to the system."""

from __future__ import annotations

import os
import platform
import subprocess
import sys

import pytest

from tests.programs import END_SECONDS, environ

pytestmark = [
    pytest.mark.processes,
    pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="for glibc"),
]

# A block that is freed teaches glibc to keep later ones in the heap, where a small one
# above them holds them all.
PROGRAM = """
from pathlib import Path
from wsocket.core.http.allocator import give_freed_memory_back

def taken():
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096

give_freed_memory_back()
bytearray(8 * 2**20)
blocks, small = [], []
for _ in range(50):
    blocks.append(b"x" * 2**20)
    small.append(b"x" * 60_000)
full = taken()
blocks.clear()
print(full - taken() > 40 * 2**20)
"""


def ended(**settings: str) -> str:
    found = subprocess.run(
        [sys.executable, "-c", PROGRAM],
        env={**environ(), **settings},
        capture_output=True,
        text=True,
        timeout=END_SECONDS,
        check=True,
    )
    return found.stdout.strip()


def test_large_blocks_go_back():
    """Though small ones lie between them."""
    assert not any(name.startswith("MALLOC_") for name in os.environ)
    assert ended() == "True"


def test_settings_of_the_environment_are_respected():
    """Here one that keeps large blocks in the heap."""
    assert ended(MALLOC_MMAP_THRESHOLD_=str(2**25)) == "False"
