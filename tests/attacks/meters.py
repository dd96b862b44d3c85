"""What a server takes, read from Linux's /proc."""

from __future__ import annotations

import threading
import time
from pathlib import Path
from typing import NamedTuple

PAUSE = 0.02  # seconds between two looks
PATIENCE = 25.0  # seconds until a descriptor that is open counts as kept


class Taken(NamedTuple):
    """Bytes, and descriptors."""

    memory: int
    descriptors: int


class Meter:
    """Watches a process from now on.

    Attributes:
        base: What it takes now.
        peak: The most that it took.
        alive: Whether the process is there.
    """

    def __init__(self, pid: int) -> None:
        self._folder = Path(f"/proc/{pid}")
        (self._folder / "clear_refs").write_text("5")  # VmHWM begins anew: proc(5)
        self.base = self.peak = self.now()
        self.alive = True
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._watch)
        self._thread.start()

    def now(self) -> Taken:
        return Taken(self._memory("VmRSS"), self._descriptors())

    def close(self) -> None:
        """Stop watching."""
        self._stop.set()
        self._thread.join()

    def settled(self) -> Taken:
        """What it takes when it has closed what it opened, or will not do so."""
        deadline = time.monotonic() + PATIENCE
        while self.alive and time.monotonic() < deadline:
            if self._descriptors() <= self.base.descriptors:
                break
            time.sleep(PAUSE)
        return self.now() if self.alive else self.peak

    def _watch(self) -> None:
        try:
            while not self._stop.wait(PAUSE):
                self._look()
        except (OSError, ProcessLookupError):
            self.alive = False

    def _look(self) -> None:
        descriptors = max(self.peak.descriptors, self._descriptors())
        self.peak = Taken(self._memory("VmHWM"), descriptors)

    def _descriptors(self) -> int:
        return sum(1 for _ in (self._folder / "fd").iterdir())

    def _memory(self, field: str) -> int:
        for line in (self._folder / "status").read_text().splitlines():
            name, _, value = line.partition(":")
            if name == field:
                return int(value.split()[0]) * 1024
        raise ProcessLookupError(f"{self._folder} has ended: it has no {field}")
