"""Crossbar in a process of its own, with logins and RawSocket."""

from __future__ import annotations

import contextlib
import json
import socket
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tests.patience import SECONDS
from tests.programs import ROOT, need, started
from tests.wamp.auth.clients import KeyOwner
from wsocket.client import ConnectFailed, JoinRefused, connect

PROGRAM = ROOT / ".venv/crossbar/bin/crossbar"
# It is slow, and a busy machine makes it slower.
_START_SECONDS = 4 * SECONDS

OWNER = KeyOwner(b"o" * 32)
SECRET = "secret!"

# Crossbar derives the key from the secret itself.
_SALTED = {"salt": "salt", "iterations": 3, "keylen": 32}
_LOGINS = {
    "anonymous": {"type": "static", "role": "anonymous"},
    "ticket": {
        "type": "static",
        "principals": {"joe": {"ticket": SECRET, "role": "user"}},
    },
    "wampcra": {
        "type": "static",
        "users": {
            "joe": {"secret": SECRET, "role": "user"},
            "ann": {"secret": SECRET, "role": "user", **_SALTED},
        },
    },
    "cryptosign": {
        "type": "static",
        "principals": {"joe": {"authorized_keys": [OWNER.pubkey], "role": "user"}},
    },
}


class Crossbar:
    """A node, and where it listens.

    Attributes:
        ws: The URL for websockets.
        tcp: That for RawSocket.
        unix: That for RawSocket, on a Unix socket.
    """

    def __init__(self, folder: Path) -> None:
        need(PROGRAM.exists(), "Crossbar (`make crossbar`)")
        with _free_port() as websocket, _free_port() as rawsocket:
            # Crossbar must be told its ports.
            ports = [each.getsockname()[1] for each in (websocket, rawsocket)]
        self.ws, self.tcp = f"ws://127.0.0.1:{ports[0]}/", f"tcp://127.0.0.1:{ports[1]}"
        self.unix = f"unix://{folder}/crossbar.sock"
        self._folder = folder
        configuration = _configuration(*ports, f"{folder}/crossbar.sock")
        (folder / "config.json").write_text(json.dumps(configuration))

    @contextlib.contextmanager
    def running(self) -> Iterator[None]:
        """Serve until the block ends."""
        command = [str(PROGRAM), "start", "--cbdir", str(self._folder)]
        command += ["--loglevel", "warn"]
        log = (self._folder / "stderr").open("a")
        with log, started(command, stderr=log):
            for url in (self.ws, self.tcp, self.unix):
                _wait_for(url)
            yield


def _wait_for(url: str) -> None:
    """Crossbar says nowhere that it is ready: try until it is."""
    deadline = time.monotonic() + _START_SECONDS
    while True:
        try:
            connect(url, timeout=SECONDS).close()
        except (ConnectFailed, JoinRefused):
            if time.monotonic() > deadline:
                raise
            time.sleep(0.1)
        else:
            return


def _free_port() -> socket.socket:
    return socket.create_server(("127.0.0.1", 0))


def _configuration(websocket: int, rawsocket: int, path: str) -> dict[str, Any]:
    """One router worker; below ``com.example.`` everybody may do everything."""
    permission = {
        "uri": "com.example.",
        "match": "prefix",
        "allow": dict.fromkeys(("call", "register", "publish", "subscribe"), True),
        "disclose": {"caller": True, "publisher": False},
        "cache": True,
    }
    roles = [{"name": name, "permissions": [permission]} for name in _ROLES]
    served = {"serializers": ["json", "msgpack", "cbor"], "auth": _LOGINS}
    places = [
        ("websocket", _tcp(websocket)),
        ("rawsocket", _tcp(rawsocket)),
        ("rawsocket", {"type": "unix", "path": path}),
    ]
    worker = {
        "type": "router",
        "realms": [{"name": "realm1", "roles": roles}],
        "transports": [
            {"type": kind, "endpoint": endpoint, **served} for kind, endpoint in places
        ],
    }
    return {"version": 2, "controller": {}, "workers": [worker]}


_ROLES = ("anonymous", "user")


def _tcp(port: int) -> dict[str, Any]:
    return {"type": "tcp", "interface": "127.0.0.1", "port": port}
