"""A time of day that a test sets, for a process that it starts."""

from __future__ import annotations

import shutil
import subprocess
import sys
import time
from pathlib import Path

from tests.programs import need

SHIM = Path(__file__).with_name("clock_shim.c")


class Clock:
    """The time of day of another process. No other clock of it is changed.

    Args:
        folder: For the library that is put before that of the system, and its file.
    """

    def __init__(self, folder: Path) -> None:
        compiler = shutil.which("cc")
        need(compiler, "a C compiler")
        self._library = folder / "clock_shim.so"
        self._file = folder / "clock"
        command = [str(compiler), "-shared", "-fPIC", "-O1", "-o", str(self._library)]
        subprocess.run([*command, str(SHIM), "-ldl"], check=True)
        self._ahead = 0
        self._file.write_bytes(bytes(8))

    def given_to(self, command: list[str]) -> list[str]:
        """The command that runs *command* by this clock."""
        preload, file = f"LD_PRELOAD={self._library}", f"CLOCK_FILE={self._file}"
        return ["env", preload, file, *command]

    def now(self) -> float:
        """What it shows, in seconds since 1970."""
        return time.time() + self._ahead

    def put(self, ahead: int) -> None:
        """Set it to so many seconds after the real time."""
        self._ahead = ahead
        with self._file.open("r+b") as file:  # it is mapped: never another file
            file.write(ahead.to_bytes(8, sys.byteorder, signed=True))
