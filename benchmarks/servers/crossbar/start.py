"""Crossbar: python start.py PORT, with the Python of an environment that has it.

Its workers find `sitecustomize.py` beside this file, which turns TCP_NODELAY on.
"""

from __future__ import annotations

import json
import sys
import tempfile
from pathlib import Path

from crossbar import run

HERE = Path(__file__).resolve().parent
ACTIONS = ("call", "register", "publish", "subscribe")


def configuration(port: int) -> dict[str, object]:
    """One router worker, open to everybody for ``com.example.``, as is wsocket's."""
    permission = {
        "uri": "com.example.",
        "match": "prefix",
        "allow": dict.fromkeys(ACTIONS, True),
        "disclose": {"caller": False, "publisher": False},
        "cache": True,
    }
    role = {"name": "anonymous", "permissions": [permission]}
    endpoint = {
        "type": "tcp",
        "interface": "127.0.0.1",
        "port": port,
        "backlog": 2048,
    }
    transport = {
        "type": "websocket",
        "endpoint": endpoint,
        "serializers": ["json", "msgpack"],
        "options": {"tcp_nodelay": True},
    }
    worker = {
        "type": "router",
        "options": {"pythonpath": [str(HERE)]},
        "realms": [{"name": "realm1", "roles": [role]}],
        "transports": [transport],
    }
    return {"version": 2, "controller": {}, "workers": [worker]}


with tempfile.TemporaryDirectory() as folder:
    Path(folder, "config.json").write_text(json.dumps(configuration(int(sys.argv[1]))))
    sys.argv = ["crossbar", "start", "--cbdir", folder, "--loglevel", "warn"]
    run()
