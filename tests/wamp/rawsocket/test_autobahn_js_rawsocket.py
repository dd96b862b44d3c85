"""autobahn.js in Node.js, over RawSocket on TCP and Unix sockets."""

from __future__ import annotations

import json
import subprocess
from typing import Any

import pytest

from tests.programs import ROOT

SCRIPT = ROOT / "tests/interop/js/rawsocket.mjs"


@pytest.mark.parametrize("transport", ["tcp", "unix"])
def test_calls_and_events(node, address, unix_address, uri, transport):
    """Between two sessions, and with the application."""
    _, _, rest = unix_address.partition("://")
    where: dict[str, Any] = {"path": rest}
    if transport == "tcp":
        host, _, port = address.removeprefix("tcp://").rpartition(":")
        where = {"host": host, "port": int(port)}
    ended = subprocess.run(
        [*node, str(SCRIPT), json.dumps(where), uri],
        capture_output=True,
        text=True,
        timeout=50,
    )
    assert ended.returncode == 0, ended.stderr
    assert json.loads(ended.stdout) == {
        "sum": 5,
        "echo": 100_000,
        "event": [1, "two"],
        "left": ["wamp.close.goodbye_and_out"] * 2,
    }
