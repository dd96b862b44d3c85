"""Who runs where, and before whom: other programs of the machine shall not count.

What is not allowed, or not there, is left out; then the figures have more noise. See
sched(7).
"""

from __future__ import annotations

import contextlib
import os
import shutil
import time
from collections.abc import Iterator
from pathlib import Path

SERVER_CORE, CLIENT_CORE = 0, 1
ADVANTAGE = -10  # as for nice(1)
TRIALS = 10  # the kernel allows it ten times a second, for all


@contextlib.contextmanager
def on_core(core: int) -> Iterator[None]:
    """What is started in this block runs on one core, if there are two."""
    cores = os.sched_getaffinity(0)
    if len(cores) > 1:
        os.sched_setaffinity(0, {sorted(cores)[core]})
    try:
        yield
    finally:
        os.sched_setaffinity(0, cores)


def alone(command: list[str]) -> list[str]:
    """The command in a session of its own: Linux shares the cores among sessions."""
    found = shutil.which("setsid")
    return [found, *command] if found else command


def prefer(pid: int) -> None:
    """Let the session of a process run before others."""
    with contextlib.suppress(PermissionError):
        os.setpriority(os.PRIO_PROCESS, pid, ADVANTAGE)
    group = Path(f"/proc/{pid}/autogroup")
    for _ in range(TRIALS if group.exists() else 0):
        with contextlib.suppress(OSError):
            group.write_text(str(ADVANTAGE))
            return
        time.sleep(0.11)


def hurry(pid: int) -> None:
    """Let all threads of a process run as soon as they can; it must not use much."""
    with contextlib.suppress(OSError):
        for thread in Path(f"/proc/{pid}/task").iterdir():
            os.sched_setscheduler(int(thread.name), os.SCHED_RR, os.sched_param(1))
