"""Threads of a server wait less for each other than Python's threads do."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tests.programs import END_SECONDS, environ

pytestmark = pytest.mark.processes

PROGRAM = """
import sys, threading
from wsocket import run

interval = sys.argv[1]
if interval:
    sys.setswitchinterval(float(interval))

def app(environ, start_response):
    return []

def stop():
    import _thread
    _thread.interrupt_main()

threading.Timer(0.1, stop).start()
run(app, port=0)
print(sys.getswitchinterval())
"""


@pytest.mark.parametrize(
    ("own", "expected"), [("", "0.0005"), ("0.002", "0.002"), ("0.001", "0.001")]
)
def test_run_has_threads_switch_often_unless_the_program_decides(own, expected):
    """What the program has set before counts."""
    ended = subprocess.run(
        [sys.executable, "-c", PROGRAM, own],
        env=environ(),
        capture_output=True,
        text=True,
        timeout=END_SECONDS,
    )
    assert ended.stdout.split()[-1] == expected, ended.stderr
