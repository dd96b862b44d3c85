"""Served by gevent.pywsgi; an argument ``patched`` patches the process before."""

import signal
import sys

from gevent import monkey

if "patched" in sys.argv:
    monkey.patch_all()

import gevent
from gevent.pywsgi import WSGIServer

from tests.servers.apps.site import Site

app = Site(sleep=gevent.sleep).wrap(None)

if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *unused: sys.exit())  # as the docs say
    server = WSGIServer(("127.0.0.1", 0), app)
    server.start()
    print(f"http://127.0.0.1:{server.server_port}/", flush=True)  # noqa: T201 - for the test
    server.serve_forever()
