"""Served by the standard library; an argument ``threaded`` adds its ThreadingMixIn."""

import signal
import sys
from socketserver import ThreadingMixIn
from threading import Thread
from wsgiref.simple_server import WSGIServer, make_server

from tests.servers.apps.own import app


class ThreadingServer(ThreadingMixIn, WSGIServer):
    """As the documentation of socketserver suggests."""


if __name__ == "__main__":
    server_class = ThreadingServer if "threaded" in sys.argv else WSGIServer
    with make_server("127.0.0.1", 0, app, server_class) as server:
        end = server.shutdown  # it waits for this thread, as the docs say
        signal.signal(signal.SIGTERM, lambda *unused: Thread(target=end).start())
        print(f"http://127.0.0.1:{server.server_port}/", flush=True)  # noqa: T201 - for the test
        server.serve_forever()
