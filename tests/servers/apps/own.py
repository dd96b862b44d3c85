"""Served by `wsocket.run`: ``python -m tests.servers.apps.own``."""

from tests.servers.apps.site import Site
from wsocket import run

app = Site().wrap(None)

if __name__ == "__main__":
    run(app, port=0)
