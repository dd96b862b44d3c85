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
from typing import IO
from urllib.parse import urljoin

import pytest

from tests.patience import SECONDS

ROOT = Path(__file__).resolve().parent.parent
CI = os.environ.get("CI") == "true"
START_LINE = re.compile(r"https?://[\d.]+:\d+")
END_SECONDS = 50  # until a program that ends by itself counts as hanging
STOP_SECONDS = SECONDS  # after a signal
COMMAND_LINE = "import sys; from wsocket.cli import main; sys.exit(main())"


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
def started(
    command: list[str],
    *,
    cwd: Path = ROOT,
    stop: signal.Signals = signal.SIGINT,
    stderr: IO[str] | int | None = None,
) -> Iterator[subprocess.Popen[str]]:
    """Run *command* until the block ends; *stop* must end it then.

    Its stdout is a pipe; it finds our packages, and does not buffer what it prints.
    """
    with signals_heard():
        process = subprocess.Popen(
            command,
            cwd=cwd,
            env=environ(),
            stdout=subprocess.PIPE,
            stderr=stderr,
            text=True,
        )
    with process:
        try:
            yield process
        finally:
            process.send_signal(stop)
            try:
                process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
                raise


@contextlib.contextmanager
def signals_heard() -> Iterator[None]:
    """Processes that are started in this block ignore neither SIGINT nor SIGHUP.

    A shell without job control has background jobs ignore the one, `nohup` the other,
    and so do their children. A handler, unlike that, is not inherited.
    """
    with contextlib.ExitStack() as stack:
        for number in (signal.SIGINT, signal.SIGHUP):
            before = signal.signal(number, signal.default_int_handler)
            stack.callback(signal.signal, number, before)
        yield


def ended(command: list[str], *, cwd: Path = ROOT) -> subprocess.CompletedProcess[str]:
    """Run *command*, which ends by itself, and keep what it prints."""
    return subprocess.run(
        command,
        cwd=cwd,
        env=environ(),
        capture_output=True,
        text=True,
        timeout=END_SECONDS,
        check=False,
    )


def environ() -> dict[str, str]:
    """The environment of programs that import ours."""
    return {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1"}


@contextlib.contextmanager
def running(command: list[str], log: Path, *, cwd: Path = ROOT) -> Iterator[Server]:
    """Run *command* until the block ends; it must print its address first."""
    with log.open("w") as stderr, started(command, cwd=cwd, stderr=stderr) as process:
        yield Server(start_line(process, log), process, log)


def start_line(process: subprocess.Popen[str], log: Path) -> str:
    for line in process.stdout or ():
        if found := START_LINE.search(line):
            return f"{found[0]}/"
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
    return {
        "threads": [sys.executable, "-c", source],
        "gevent": [
            *(sys.executable, "-c", COMMAND_LINE),
            *("run", f"{module}:{app}", "--port", str(port)),
        ],
    }


def need(found: object, name: str) -> None:
    """Skip the test when a foreign program is missing; in CI that is a failure."""
    if not found:
        message = f"{name} is missing; `make test` says how to get it"
        (pytest.fail if CI else pytest.skip)(message)
