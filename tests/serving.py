"""Serving an application in this process, for tests."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterator
from typing import Any

from wsocket import make_server

QUICK = 0.01  # seconds between two looks whether the server shall stop


@contextlib.contextmanager
def in_thread(server: Any) -> Iterator[None]:
    """Run a server of `make_server` in a thread until the block ends."""
    thread = threading.Thread(target=server.serve_forever, args=(QUICK,))
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        thread.join()


@contextlib.contextmanager
def serving(app: Callable[..., Any]) -> Iterator[str]:
    """Serve *app* until the block ends, which also closes it; yields its URL."""
    with make_server("127.0.0.1", 0, app) as server, in_thread(server):
        try:
            yield f"ws://127.0.0.1:{server.server_port}/"
        finally:
            if close := getattr(app, "close", None):
                close()  # before the server waits for requests that are polling
