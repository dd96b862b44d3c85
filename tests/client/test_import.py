"""What importing the client costs."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tests.patience import SECONDS

FORBIDDEN = (
    "gevent",
    "wsocket.app",
    "wsocket.core.concurrency",
    "wsocket.core.net.loop",
    "wsocket.wamp.local.application",
    "wsocket.wamp.pubsub",
    "wsocket.wamp.router",
    "wsocket.wamp.rpc",
    "wsocket.wamp.serializers.msgpack",
    "wsocket.wamp.session",
)


@pytest.mark.processes
def test_client_imports_no_router():
    """The command line would wait for gevent and the router."""
    code = (
        "import sys, wsocket.client, wsocket.client.websocket_transport, "
        "wsocket.client.rawsocket_transport; print(*sorted(sys.modules))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=True,
        timeout=SECONDS,
    )
    modules = done.stdout.split()
    assert "wsocket.client.engine" in modules
    assert [each for each in modules if each.startswith(FORBIDDEN)] == []
