"""One attack on one server."""

from __future__ import annotations

import contextlib
import json
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from urllib.request import urlopen

from tests.attacks.attack import Attack
from tests.attacks.meters import Meter, Taken
from tests.attacks.schedule import (
    CLIENT_CORE,
    SERVER_CORE,
    alone,
    hurry,
    on_core,
    prefer,
)
from tests.programs import (
    ROOT,
    Server,
    app_commands,
    environ,
    start_line,
    started,
)

SERVERS = ("gevent", "threads")
DEADLINE = 40.0  # seconds for an attack; then it is ended
LONGEST_LOG = 1_000_000  # bytes
AFTERWARDS = 0.7  # seconds for which the others go on when the attacker has gone


@dataclass(frozen=True)
class Outcome:
    """What an attack has cost.

    Attributes:
        base: What the server took before.
        peak: The most that it took.
        after: What it took in the end, when the attacker had gone.
        worst: Seconds of the longest round trip of each of the others.
        problems: What else went wrong: an answer that did not come, a server's end.
        notes: What the attacker has to say.
    """

    attack: str
    server: str
    base: Taken
    peak: Taken
    after: Taken
    worst: dict[str, float]
    problems: list[str]
    notes: str

    @property
    def memory(self) -> int:
        """Bytes at the peak, above the base."""
        return self.peak.memory - self.base.memory

    @property
    def longest(self) -> float:
        """The longest round trip of all, in seconds."""
        return max(self.worst.values())

    @property
    def slowest(self) -> str:
        """Which of the others had it."""
        return max(self.worst, key=self.worst.__getitem__)


def attempt(attack: Attack, server: str, log: Path, *, small: bool = False) -> Outcome:
    """Run *attack* on a new server of its own.

    Args:
        log: Where the server's log goes.
        small: See `Target`.
    """
    command = app_commands("tests.attacks.app", attack.app)[server]
    with contextlib.ExitStack() as stack:
        target = stack.enter_context(served(command, log))
        rawsocket = listen_rawsocket(target)
        others = stack.enter_context(Others(target))
        with contextlib.closing(Meter(target.process.pid)) as meter:
            others.begin()
            notes = attacked(attack, target, rawsocket, small=small)
            time.sleep(AFTERWARDS)
            worst, problems = others.end()
            after = meter.settled()
        if not meter.alive:
            problems.append("the server has ended")
        problems += complaints(log)
        return Outcome(
            attack.name,
            server,
            *(meter.base, meter.peak, after),
            *(worst, problems, notes),
        )


def complaints(log: Path) -> list[str]:
    """What a server's log has that no attacker should cause."""
    found = []
    if traces := log.read_text(errors="replace").count("Traceback"):
        found.append(f"{traces} tracebacks in the log")
    if (size := log.stat().st_size) > LONGEST_LOG:
        found.append(f"a log of {size} bytes, limit {LONGEST_LOG}")
    return found


@contextlib.contextmanager
def served(command: list[str], log: Path) -> Iterator[Server]:
    """Run a server until the block ends; what it has under way is not waited for."""
    with contextlib.ExitStack() as stack:
        stderr = stack.enter_context(log.open("w"))
        with on_core(SERVER_CORE):
            process = stack.enter_context(
                started(alone(command), stop=signal.SIGKILL, stderr=stderr)
            )
        url = start_line(process, log)
        prefer(process.pid)
        yield Server(url, process, log)


def listen_rawsocket(server: Server) -> str:
    """The port of a RawSocket listener, which belongs to what the server has."""
    with urlopen(server.http("/listen?tcp://127.0.0.1:0")) as answer:
        address: bytes = answer.read()
    return address.rpartition(b":")[2].decode()


def attacked(attack: Attack, server: Server, rawsocket: str, *, small: bool) -> str:
    """Make the attack; what its process says."""
    address = urlsplit(server.url)
    size = "small" if small else "full"
    with on_core(CLIENT_CORE):
        process = subprocess.Popen(
            [
                *(sys.executable, "-m", "tests.attacks.attacker"),
                *(str(address.hostname), str(address.port), rawsocket),
                *(size, attack.name),
            ],
            cwd=ROOT,
            env=environ(),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
    prefer(process.pid)
    with process:
        try:
            notes, _ = process.communicate(timeout=DEADLINE)
        except subprocess.TimeoutExpired:
            process.kill()
            return f"ended after {DEADLINE:g} s"
    if process.returncode:
        raise RuntimeError(f"the attack {attack.name!r} failed:\n{notes}")
    return notes.strip()


class Others:
    """The process of the others; see `others.py`."""

    def __init__(self, server: Server) -> None:
        with on_core(CLIENT_CORE):
            self._process = subprocess.Popen(
                [sys.executable, "-m", "tests.attacks.others", server.ws()],
                cwd=ROOT,
                env=environ(),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
            )

    def __enter__(self) -> Others:
        self._read()
        hurry(self._process.pid)
        return self

    def __exit__(self, *unused: object) -> None:
        self._process.kill()
        with self._process:
            pass

    def begin(self) -> None:
        """Measure from now on."""
        self._go_on()

    def end(self) -> tuple[dict[str, float], list[str]]:
        """The longest round trip of each, in seconds, and what failed."""
        self._go_on()
        found: dict[str, Any] = json.loads(self._read())
        return found["worst"], found["problems"]

    def _go_on(self) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write("\n")
        self._process.stdin.flush()

    def _read(self) -> str:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError("the others have failed; see above")
        return line
