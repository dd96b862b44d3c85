"""Compare checkouts: what one call of a procedure of the application costs in CPU.

    python -m benchmarks.application_calls PATH [PATH ...]

Each path is a checkout, compiled or not. All of them run in turn, in one run, each on
the first core; this program is on the second. The figures are microseconds of the
server's CPU for one call, the best of several rounds.
"""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import IO
from urllib.request import urlopen

from benchmarks.application_calls.client import Caller

ROUNDS = 7
CALLS = {64: 6000, 1: 2000}  # by calls in flight
SERVER = Path(__file__).with_name("server.py")

Figures = dict[str, float]


def main(paths: list[str]) -> None:
    if not paths:
        sys.exit(__doc__)
    os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    for kind in ("gevent", "threads"):
        with contextlib.ExitStack() as stack:
            servers = [stack.enter_context(_server(kind, path)) for path in paths]
            figures: list[Figures] = [{} for _ in servers]
            for _ in range(ROUNDS):
                for server, best in zip(servers, figures, strict=True):
                    for name, cost in server.round().items():
                        best[name] = min(cost, best.get(name, cost))
        _print(kind, paths, figures)


def _print(kind: str, paths: list[str], figures: list[Figures]) -> None:
    for name in figures[-1]:
        costs = "  ".join(
            f"{best[name]:7.1f}" if name in best else "      -" for best in figures
        )
        print(f"{kind:8} {name:22} {costs}")  # noqa: T201 - the result


class Server:
    """One version at work."""

    def __init__(self, process: subprocess.Popen[str], port: int, log: IO[str]) -> None:
        self._pid = process.pid
        self._port = port
        self._procedures = ["own"]
        log.seek(0)
        if "no on_loop" not in log.read():
            self._procedures.append("on_loop")

    def round(self) -> Figures:
        """Each figure once."""
        figures = {
            f"{procedure}, {in_flight} in flight": self._calls(procedure, in_flight)
            for procedure in self._procedures
            for in_flight in CALLS
        }
        url = f"http://127.0.0.1:{self._port}/app-call?count=1000"
        with urlopen(url) as response:
            figures["app.call"] = float(response.read())
        return figures

    def _calls(self, procedure: str, in_flight: int) -> float:
        with contextlib.closing(
            Caller(self._port, f"com.example.{procedure}")
        ) as caller:
            caller.run(500, in_flight=in_flight)
            begin = self._cpu_seconds()
            caller.run(CALLS[in_flight], in_flight=in_flight)
            return (self._cpu_seconds() - begin) / CALLS[in_flight] * 1e6

    def _cpu_seconds(self) -> float:
        # The CPU clock of another process (clock_getcpuclockid(3)).
        return time.clock_gettime(~self._pid << 3 | 2)


@contextlib.contextmanager
def _server(kind: str, path: str) -> Iterator[Server]:
    core = min(os.sched_getaffinity(os.getppid()))
    with (
        tempfile.TemporaryFile("w+") as log,
        subprocess.Popen(
            ["taskset", "-c", str(core), sys.executable, str(SERVER), kind],
            env={**os.environ, "PYTHONPATH": path, "PYTHONSAFEPATH": "1"},
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
        ) as process,
    ):
        try:
            assert process.stdout is not None
            yield Server(process, int(process.stdout.readline()), log)
        finally:
            process.kill()


main(sys.argv[1:])
