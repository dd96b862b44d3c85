"""The command ``wsocket`` in a process of its own, as a shell starts it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.programs import COMMAND_LINE, ROOT, ended

COMMAND = (sys.executable, "-c", COMMAND_LINE)


def wsocket(*arguments: str, cwd: Path = ROOT) -> subprocess.CompletedProcess[str]:
    """Run a command that ends by itself."""
    return ended([*COMMAND, *arguments], cwd=cwd)


def said(process: subprocess.Popen[str], text: str) -> str:
    """Wait until it prints a line with *text* in it, and return that line."""
    lines = []
    for line in process.stdout or ():
        lines.append(line)
        if text in line:
            return line
    pytest.fail(f"{text!r} was not printed, but\n{''.join(lines)}")
