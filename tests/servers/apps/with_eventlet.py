"""Served by eventlet.wsgi; an argument ``patched`` patches the process before."""

import sys

import eventlet

if "patched" in sys.argv:
    eventlet.monkey_patch()

import signal

import eventlet.wsgi

from tests.servers.apps.site import Site

app = Site(sleep=eventlet.sleep).wrap(None)

if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *unused: sys.exit())  # as the docs say
    eventlet.wsgi.server(eventlet.listen(("127.0.0.1", 0)), app)
