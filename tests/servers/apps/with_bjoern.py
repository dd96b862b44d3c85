"""Served by bjoern, which says nowhere on which port it listens."""

import sys

import bjoern

from tests.servers.apps.own import app

if __name__ == "__main__":
    port = int(sys.argv[1])
    print(f"http://127.0.0.1:{port}/", flush=True)  # noqa: T201 - for the test
    bjoern.run(app, "127.0.0.1", port)
