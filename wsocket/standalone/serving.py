"""Runs the router of a file."""

from __future__ import annotations

import os
from contextlib import ExitStack

from wsocket.core.http import serve
from wsocket.core.net.activation import activated
from wsocket.standalone.addresses import DEFAULT_HOST
from wsocket.standalone.configuration import Configuration


def serve_router(configuration: Configuration) -> None:
    """Serve until a signal comes; the first lines on stdout say where.

    Raises:
        OSError: A RawSocket address cannot be listened on; the message says why.
        ValueError: The router refuses a setting.
        SystemExit: The address for HTTP cannot be listened on; stderr says why.
    """
    server = configuration.server
    with ExitStack() as listeners:
        for rawsocket in configuration.rawsockets:
            listener = configuration.app.listen_rawsocket(
                rawsocket.url, **rawsocket.settings
            )
            listeners.callback(listener.close)
            serve.announce(f"wsocket: RawSocket on {listener.address}")
        serve.run(
            configuration.app,
            server.host or _host(),
            server.port,
            **(server.settings or {}),
        )


def _host() -> str:
    """Where to listen if the file does not say: on systemd's sockets, if any."""
    descriptors = activated(os.environ, os.getpid())
    return "fd://" + ",".join(map(str, descriptors)) if descriptors else DEFAULT_HOST
