"""Served by cheroot, which is CherryPy's server."""

import signal
import sys

from cheroot.wsgi import Server

from tests.servers.apps.own import app

if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *unused: sys.exit())  # as the docs say
    server = Server(("127.0.0.1", 0), app)
    server.prepare()
    print(f"http://127.0.0.1:{server.bind_addr[1]}/", flush=True)  # noqa: T201 - for the test
    try:
        server.serve()
    finally:
        server.stop()
