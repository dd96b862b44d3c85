"""Running our own programs in processes of their own, for tests."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urljoin

import pytest

ROOT = Path(__file__).resolve().parent.parent
CI = os.environ.get("CI") == "true"
START_LINE = re.compile(r"https?://[\d.]+:\d+/")
STOP_SECONDS = 15  # after Ctrl-C, for a machine that is busy


@dataclass(frozen=True)
class Server:
    """A program of ours that listens on loopback."""

    url: str  # ends with a slash
    process: subprocess.Popen[str]
    log: Path  # its stderr

    def http(self, path: str = "/") -> str:
        return urljoin(self.url, path)

    def ws(self, path: str = "/") -> str:
        return self.http(path).replace("http", "ws", 1)

    def stop(self) -> int:
        """Press Ctrl-C, and return the exit code."""
        self.process.send_signal(signal.SIGINT)
        return self.process.wait(STOP_SECONDS)


@contextlib.contextmanager
def running(command: list[str], log: Path, *, cwd: Path = ROOT) -> Iterator[Server]:
    """Run *command* until the block ends; it must print its address first."""
    environ = {**os.environ, "PYTHONPATH": str(ROOT)}
    with (
        log.open("w") as stderr,
        subprocess.Popen(
            command,
            cwd=cwd,
            env=environ,
            stdout=subprocess.PIPE,
            stderr=stderr,
            text=True,
        ) as process,
    ):
        try:
            yield Server(start_line(process, log), process, log)
        finally:
            if process.poll() is None:
                process.send_signal(signal.SIGINT)
            try:
                process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
                raise


def start_line(process: subprocess.Popen[str], log: Path) -> str:
    for line in process.stdout or ():
        if found := START_LINE.search(line):
            return found[0]
    process.wait()
    pytest.fail(
        f"no address printed, exit code {process.returncode}:\n{log.read_text()}"
    )


def app_commands(
    module: str, app: str = "app", *, port: int = 0
) -> dict[str, list[str]]:
    """How to run ``module:app`` on either server of `wsocket.run`.

    Args:
        port: 0 is any free one.
    """
    run = f"run(m.{app}, port={port})"
    source = f"import {module} as m; from wsocket import run; {run}"
    command_line = "import sys; from wsocket.cli import main; sys.exit(main())"
    return {
        "threads": [sys.executable, "-c", source],
        "gevent": [
            *(sys.executable, "-c", command_line),
            *("run", f"{module}:{app}", "--port", str(port)),
        ],
    }


def need(found: object, name: str) -> None:
    """Skip the test when a foreign program is missing; in CI that is a failure."""
    if not found:
        message = f"{name} is missing; `make test` says how to get it"
        (pytest.fail if CI else pytest.skip)(message)
