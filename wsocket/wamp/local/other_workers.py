"""A warning for those who serve one application from several processes.

Each process has a router of its own. Nothing fails, and events are lost in silence: so
the first session of a process has it look for others."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

from wsocket.core.net.claims import claim_listening_sockets
from wsocket.core.web.wsgi_servers import ASGI_ADAPTER, is_bjoern
from wsocket.log import logger

_looked_in = 0  # the process that has looked


def warn_of_other_workers(environ: Mapping[str, Any]) -> None:
    """Look for other processes, at the first call in each process; on the loop.

    Args:
        environ: Of the request that opens a session; empty if there is no request.
    """
    global _looked_in
    if _looked_in == os.getpid():
        return
    _looked_in = os.getpid()
    evidence = _evidence(environ)
    if evidence:
        logger.warning(
            "several processes serve this application: %s. Each has a router of its "
            "own: events, registrations and sessions of one process are unknown in "
            "the others, so events and calls get lost, and long polls fail. Serve it "
            "from one process, with threads or greenlets: wsocket run, gunicorn -w 1 "
            "--threads 64 (or -k gevent), uvicorn --workers 1, uwsgi --processes 1 "
            "--threads 16",
            evidence,
        )


def _evidence(environ: Mapping[str, Any]) -> str:
    """Why there must be others; "" if none are known."""
    other = claim_listening_sockets()
    # ASGI does not say whether there are others, but what adapts WSGI to it says True,
    # and so does bjoern, whose one process could have been forked.
    is_asgi = "asgi.scope" in environ or ASGI_ADAPTER in environ
    knows = not is_asgi and not is_bjoern(environ)
    if environ.get("wsgi.multiprocess") and knows:
        return "the server says so (wsgi.multiprocess)"
    return other and (
        f"{other}, too (if it is an old process that is about to end, all is well)"
    )
