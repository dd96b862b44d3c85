"""What a command imports: a shell waits for it at each call."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from tests.patience import SECONDS
from tests.programs import environ

pytestmark = pytest.mark.processes

CALL = """
import json, sys
from wsocket.cli import main
assert main(sys.argv[1:]) == 0
print(json.dumps(sorted(sys.modules)), file=sys.stderr)
"""

# What a call cannot be without. They import others, not the same ones in each Python.
NEEDED = """
import argparse, base64, json, locale, msgspec, socket, sys, threading, urllib.parse
print(json.dumps(sorted(sys.modules)), file=sys.stderr)
"""

ROUTER = (
    "gevent",
    "wsocket.app",
    "wsocket.core.http",
    "wsocket.core.net.loop",
    "wsocket.standalone",
    "wsocket.wamp.pubsub",
    "wsocket.wamp.router",
    "wsocket.wamp.rpc",
    "wsocket.wamp.session",
)

# What some calls need: with TLS, with a login, with progressive results that are shown,
# or after a mistake; what only callees and subscribers need; and what asyncio needs.
SOMETIMES = (
    "_hashlib",
    "asyncio",
    "cbor2",
    "cryptography",
    "dataclasses",
    "difflib",
    "encodings.idna",
    "hashlib",
    "hmac",
    "http",
    "importlib.metadata",
    "logging",
    "random",
    "shutil",
    "ssl",
    "subprocess",
    "tempfile",
    "traceback",
    "websocket",
    "websockets",
    "wsocket.client.aio",
    "wsocket.client.auth",
    "wsocket.client.procedure_run",
    "wsocket.client.rawsocket_transport",
    "wsocket.client.tls_stream",
    "wsocket.core.websocket.deflate",
    "wsocket.log",
    "wsocket.wamp.auth",
    "wsocket.wamp.serializers.cbor",
    "wsocket.wamp.serializers.msgpack",
    "wsocket.wamp.serializers.places",
)

OTHER_COMMANDS = tuple(
    f"wsocket.cli.{name}"
    for name in ("completion", "doctor", "publish", "register", "router", "run", "tap")
)

# Each takes 0.15 ms, and more if it makes classes. A call has 91.
MOST_OF_OURS = 96


def imported(code: str, *arguments: str, said: str = "") -> set[str]:
    """The modules that a program has imported in the end."""
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments],
        env=environ(),
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    assert (done.stdout, done.returncode) == (said, 0), done.stderr
    return set(json.loads(done.stderr))


def among(modules: set[str], names: tuple[str, ...]) -> list[str]:
    """Those of *modules* that are *names*, or in packages of these names."""
    inside = tuple(f"{name}." for name in names)
    return sorted(each for each in modules if each in names or each.startswith(inside))


@pytest.mark.parametrize("serializer", ["json", "msgpack"])
def test_neither_the_router_nor_gevent_is_imported(url, serializer):
    """They would take longer than everything else."""
    words = ["call", url, "com.example.add", "2", "3", "--serializer", serializer]
    assert among(imported(CALL, *words, said="5\n"), ROUTER) == []


def test_a_plain_call_waits_for_nothing_that_it_does_not_need(url):
    """Over ws:// with JSON, without a login."""
    modules = imported(CALL, "call", url, "com.example.add", "2", "3", said="5\n")
    more = modules - imported(NEEDED)
    assert among(more, SOMETIMES + OTHER_COMMANDS) == []
    assert len(among(modules, ("wsocket",))) <= MOST_OF_OURS
