"""eventlet's patches, with which nothing here could work."""

from __future__ import annotations

import sys

import pytest

from tests.programs import ended

pytestmark = pytest.mark.processes

PATCHED = "import eventlet; eventlet.monkey_patch()"


def run(source: str) -> str:
    """What the failing *source* has printed."""
    done = ended([sys.executable, "-W", "ignore", "-c", source])
    assert done.returncode == 1
    return done.stderr


def test_an_application_in_a_patched_process_is_refused_with_advice():
    """It would hang at its first websocket."""
    printed = run(f"{PATCHED}; import wsocket; wsocket.WSocketApp()")
    assert "RuntimeError: eventlet.monkey_patch() has replaced" in printed
    assert "or use gevent" in printed


def test_patches_that_come_after_the_application_are_noticed():
    """At the first use of the I/O loop, at the latest."""
    make = "import wsocket; app = wsocket.WSocketApp(protocol='WAMP')"
    printed = run(f"{make}; {PATCHED}; app.call('com.example.add', timeout=1)")
    assert "RuntimeError: eventlet.monkey_patch() has replaced" in printed
