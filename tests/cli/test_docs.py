"""The consoles in docs/command-line.md, typed as they stand there."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.typed import keyboard
from tests.patience import SECONDS
from tests.programs import COMMAND_LINE, ROOT, environ, need
from tests.serving import serving

pytestmark = pytest.mark.processes

TEXT = (ROOT / "docs/command-line.md").read_text()
CONSOLES = re.findall(r"```console\n(.*?)```", TEXT, re.DOTALL)
LINES = re.findall(r"^    (.*wsocket .*)", TEXT, re.MULTILINE)
PLACE = "ws://127.0.0.1:8080/"


@pytest.fixture
def url() -> Iterator[str]:
    """Where the application of the page is served."""
    [program] = re.findall(r"```python\n(.*?)```", TEXT, re.DOTALL)
    names = {"__name__": "page"}
    exec(program, names)
    with serving(names["app"]) as served:
        yield served


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with the command in it."""
    need(shutil.which("jq"), "jq")
    command = tmp_path / "wsocket"
    command.write_text(f"#!/bin/sh\nexec {sys.executable} -c '{COMMAND_LINE}' \"$@\"\n")
    command.chmod(0o755)
    return tmp_path


class Console:
    """A shell's prompt: what is typed, and what is printed then."""

    def __init__(self, folder: Path, stack: contextlib.ExitStack) -> None:
        self._environment = environ() | {"PATH": f"{folder}:{environ()['PATH']}"}
        self._stack = stack
        self._background: list[subprocess.Popen[str]] = []

    def type(self, line: str, expected: list[str]) -> list[str]:
        """Run a line; what it prints, and what jobs print meanwhile, as *expected*."""
        printed = []
        if line.endswith(" &"):
            self._background.append(self._started(line.removesuffix(" &")))
        else:
            printed = self._started(line).stdout.read().splitlines()
        while len(printed) < len(expected):
            printed.append(self._background[-1].stdout.readline().rstrip("\n"))
        return printed

    def _started(self, line: str) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            ["bash", "-c", line],
            env=self._environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        self._stack.callback(process.wait, SECONDS)
        self._stack.callback(process.stdout.close)
        self._stack.callback(end, process)
        return process


def end(process: subprocess.Popen[str]) -> None:
    """End a line that is still running, with all of its commands."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGTERM)


@pytest.mark.parametrize("console", CONSOLES, ids=lambda text: text.split()[2])
def test_a_console_of_the_page(console, url, folder):
    """Each command prints what stands below it."""
    with contextlib.ExitStack() as stack:
        prompt = Console(folder, stack)
        for step in console.replace(PLACE, url).split("$ ")[1:]:
            line, *expected = step.splitlines()
            assert prompt.type(line, expected) == expected


@pytest.mark.parametrize("line", LINES)
def test_a_line_of_the_page(line, tmp_path, certificates):
    """Those that print nothing that the page shows."""
    with keyboard(tmp_path, certificates) as shell:
        shell.type(line)


def test_the_page_has_consoles_and_every_command():
    """So that nothing is left out."""
    assert len(CONSOLES) >= 4
    assert len(LINES) >= 4
    listed = set(re.findall(r"^\| `(\w+)", TEXT, re.MULTILINE))
    shown = subprocess.run(
        [sys.executable, "-c", COMMAND_LINE, "--help"],
        env=environ(),
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=True,
    )
    commands = set(re.findall(r"^    (\w+) ", shown.stdout, re.MULTILINE))
    assert {"run", "call"} < commands
    assert commands <= listed
