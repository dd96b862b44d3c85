"""The client works with Crossbar, which `make crossbar` installs."""

from __future__ import annotations

import queue
import socket
import time

import pytest

from tests.patience import SECONDS
from tests.programs import ROOT, need, started
from wsocket.client import (
    ApplicationError,
    Backoff,
    CallTimeout,
    ConnectFailed,
    JoinRefused,
    connect,
)

PYTHON = ROOT / ".venv/crossbar/bin/python"
START = ROOT / "benchmarks/servers/crossbar/start.py"

pytestmark = [
    pytest.mark.processes,
    pytest.mark.slow(reason="Crossbar takes seconds to start"),
    pytest.mark.xdist_group("crossbar"),
]


@pytest.fixture(scope="module")
def url(processes, tmp_path_factory):
    """Where Crossbar listens."""
    need(PYTHON.exists(), "Crossbar (`make crossbar`)")
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]  # Crossbar must be told one
    log = tmp_path_factory.mktemp("crossbar") / "log"
    command = [str(PYTHON), str(START), str(port)]
    with log.open("w") as output, started(command, stderr=output):
        url = f"ws://127.0.0.1:{port}/"
        wait_until_it_joins(url)
        yield url


def wait_until_it_joins(url):
    """Crossbar says nowhere that it is ready: try until it is."""
    deadline = time.monotonic() + SECONDS
    while True:
        try:
            connect(url, timeout=SECONDS).close()
        except (ConnectFailed, JoinRefused):
            if time.monotonic() > deadline:
                raise
            time.sleep(0.1)
        else:
            return


def test_calls_and_events(connecting, url):
    """Between two serializers."""
    events = queue.Queue()
    with connecting(url) as session, connecting(url, serializer="msgpack") as other:
        session.subscribe("com.example.topic", events.put)
        assert other.publish("com.example.topic", "hello", acknowledge=True)
        assert events.get(timeout=SECONDS) == "hello"
        registration = session.register("com.example.echo", lambda value: value)
        assert other.call("com.example.echo", b"\x00\xff") == b"\x00\xff"
        registration.unregister()
        with pytest.raises(ApplicationError, match="no callee"):
            other.call("com.example.echo", 1)


def test_progress_and_timeout(connecting, url):
    """A call that takes too long is canceled."""

    def count(last):
        yield from range(last)

    with connecting(url) as session, connecting(url) as other:
        session.register("com.example.count", count)
        assert list(other.call_progress("com.example.count", 3)) == [0, 1, 2]
        with pytest.raises(CallTimeout):
            other.call("com.example.count", 10**9, timeout=0.05)


def test_missing_realm_is_refused(connecting, url):
    """With the same reason as that of our router."""
    with pytest.raises(JoinRefused) as caught:
        connecting(url, "com.example.nowhere", reconnect=Backoff()).__enter__()
    assert caught.value.reason == "wamp.error.no_such_realm"
