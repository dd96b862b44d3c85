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


MANY_THREADS = """
import sys, threading
from wsocket.core.concurrency.kinds import THREADS
from wsocket.core.concurrency.switching import fit_switch_interval

def report():
    fit_switch_interval()
    print(sys.getswitchinterval())

sys.setswitchinterval(0.001)
end, ended = threading.Event(), threading.Semaphore(0)

def wait():
    end.wait()
    ended.release()

report()
for _ in range(150):
    THREADS.spawn(wait)
report()
sys.setswitchinterval(0.002)  # of the program's own
report()
end.set()
for thread in threading.enumerate()[1:]:
    thread.join()
report()
"""


def test_many_threads_wait_longer_for_each_other_as_long_as_there_are_many():
    """Each wakes up once in an interval: hundreds would take all the time of a core."""
    usual, many, changed, few = map(float, printed(MANY_THREADS).split())
    assert usual == 0.001
    assert many >= 150 * 0.00001
    assert changed == many
    assert few == 0.002


def printed(program: str) -> str:
    """What *program* prints, in a process of its own."""
    ended = subprocess.run(
        [sys.executable, "-c", program],
        env=environ(),
        capture_output=True,
        text=True,
        timeout=END_SECONDS,
        check=True,
    )
    return ended.stdout
