"""Processes in a terminal of their own."""

from __future__ import annotations

import contextlib
import os
import pty
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from tests.programs import ROOT, environ, signals_heard

# Makes stdin the terminal that Ctrl-C is pressed in, then becomes the command.
IN_FRONT = """
import fcntl, os, sys, termios
fcntl.ioctl(0, termios.TIOCSCTTY, 0)
os.execv(sys.argv[1], sys.argv[1:])
"""


class Terminal:
    """What a process writes to a terminal, and what is pressed there."""

    def __init__(self, master: int, process: subprocess.Popen[bytes]) -> None:
        self._master = master
        self.process = process
        self.seen = ""

    def until(self, text: str) -> str:
        """Read until *text* has been written; everything up to now."""
        while text not in self.seen:
            piece = self._read()
            assert piece, f"{text!r} is not in {self.seen!r}"
            self.seen += piece
        return self.seen

    def to_the_end(self) -> str:
        """Read until the process has ended; everything."""
        while piece := self._read():
            self.seen += piece
        return self.seen

    def press(self, keys: bytes) -> None:
        os.write(self._master, keys)

    def _read(self) -> str:
        try:
            return os.read(self._master, 65536).decode()
        except OSError:  # Linux: nobody has the other side open any more
            return ""


@contextlib.contextmanager
def in_terminal(command: Sequence[str], *, cwd: Path = ROOT) -> Iterator[Terminal]:
    """Run *command*, a path first, in a terminal of its own, until the block ends."""
    master, slave = pty.openpty()
    with signals_heard():
        process = subprocess.Popen(
            [sys.executable, "-c", IN_FRONT, *command],
            cwd=cwd,
            stdin=slave,
            stdout=slave,
            stderr=slave,
            env={**environ(), "COLUMNS": "80"},
            start_new_session=True,
        )
    os.close(slave)
    with process:
        try:
            yield Terminal(master, process)
        finally:
            process.kill()
            os.close(master)
