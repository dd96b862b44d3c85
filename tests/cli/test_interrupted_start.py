"""Ctrl-C while a command starts: the status is 130, and nothing is said.

The moments before the package is imported are Python's own, which has its own words.
"""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections.abc import Sequence

import pytest

from tests.patience import SECONDS
from tests.programs import environ, signals_heard

pytestmark = pytest.mark.processes

# Runs a command, and does something when it imports its Nth module (`place`).
AT_IMPORT = """
import os, signal, sys
from wsocket.cli import main

place = int(sys.argv.pop(1))
count = 0

def audit(event, details):
    global count
    if event == "import":
        count += 1
        if count == place:
            {action}

sys.addaudithook(audit)
status = main()
{end}
sys.exit(status)
"""
INTERRUPT = "os.kill(os.getpid(), signal.SIGINT)"
TELL = "os.write(1, b'.')"

# Milliseconds after the first import. To join takes about a hundred.
MOMENTS = range(0, 160, 5)


def starting(source: str, place: int, words: Sequence[str]) -> subprocess.Popen[str]:
    with signals_heard():
        return subprocess.Popen(
            [sys.executable, "-c", source, str(place), *words],
            env=environ(),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )


def ended(process: subprocess.Popen[str]) -> tuple[int, str]:
    """The exit status, and what stands on stderr."""
    with process:
        _, said = process.communicate(timeout=SECONDS)
    return process.returncode, said


def number_of_imports(words: Sequence[str]) -> int:
    """How many modules a command imports."""
    source = AT_IMPORT.format(action="pass", end="print(count, file=sys.stderr)")
    status, said = ended(starting(source, 0, words))
    assert status == 0, said
    return int(said)


def test_ctrl_c_while_a_module_is_imported(url):
    """Wherever that is, also after the session has begun."""
    words = ["call", url, "com.example.add", "2", "3"]
    places = range(1, number_of_imports(words), 6)
    assert len(places) > 10
    source = AT_IMPORT.format(action=INTERRUPT, end="")
    interrupted = [starting(source, place, words) for place in places]
    assert {ended(each) for each in interrupted} == {(130, "")}


@pytest.mark.parametrize("command", ["subscribe", "register"])
def test_ctrl_c_at_any_moment_of_the_start(url, command):
    """Also while C extensions are initialized, and while it connects."""
    words = [command, url, "com.example.news", "--quiet"]
    words += ["--exec", "true"] if command == "register" else []
    source = AT_IMPORT.format(action=TELL, end="")
    for moment in MOMENTS:
        process = starting(source, 1, words)
        assert process.stdout.read(1) == "."
        time.sleep(moment / 1000)
        process.send_signal(signal.SIGINT)
        assert ended(process) == (130, ""), f"after {moment} ms"


def test_ctrl_c_may_be_ignored(url):
    """As by background jobs of a shell without job control."""
    words = ["call", url, "com.example.add", "2", "3"]
    ignored = "import signal\nsignal.signal(signal.SIGINT, signal.SIG_IGN)\n"
    source = ignored + AT_IMPORT.format(action=INTERRUPT, end="")
    assert ended(starting(source, 5, words)) == (0, "")
