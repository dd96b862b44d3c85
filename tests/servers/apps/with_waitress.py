"""For ``python -m waitress``, which SIGTERM would kill."""

import signal
import sys

from tests.servers.apps.own import app

__all__ = ["app"]

signal.signal(signal.SIGTERM, lambda *unused: sys.exit())  # as the docs say
