"""autobahn.js in Node.js, over RawSocket on TCP and Unix sockets."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.programs import ROOT, ended

SCRIPT = ROOT / "tests/interop/js/rawsocket.mjs"


@pytest.mark.parametrize("transport", ["tcp", "unix"])
def test_calls_and_events(node, address, unix_address, uri, transport):
    """Between two sessions, and with the application."""
    _, _, rest = unix_address.partition("://")
    where: dict[str, Any] = {"path": rest}
    if transport == "tcp":
        host, _, port = address.removeprefix("tcp://").rpartition(":")
        where = {"host": host, "port": int(port)}
    done = ended([*node, str(SCRIPT), json.dumps(where), uri])
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == {
        "sum": 5,
        "echo": 100_000,
        "event": [1, "two"],
        "left": ["wamp.close.goodbye_and_out"] * 2,
    }
