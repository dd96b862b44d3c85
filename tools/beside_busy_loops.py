"""Run a command while every core is busy: ``beside_busy_loops.py make test``.

The loops end when this process does, however it ends.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys


def spin(parent: int) -> None:
    """Keep a core busy for as long as *parent* lives."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the command
    while os.getppid() == parent:
        pass


def start_loops() -> None:
    """One busy loop for each core, in a process of its own."""
    parent = os.getpid()
    for _ in range(os.cpu_count() or 1):
        if os.fork() == 0:
            spin(parent)
            os._exit(0)


def main(command: list[str]) -> int:
    """Start the loops, run *command*, and return its exit status."""
    start_loops()
    with subprocess.Popen(command) as process:
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # the command ends, then we do
        signal.signal(signal.SIGTERM, lambda *_: process.terminate())
        return process.wait()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
