"""eventlet may have replaced what the I/O loop needs."""

from __future__ import annotations

import sys
from typing import Any

_NEEDED = ("thread", "socket", "select")


def refuse_eventlet_patches() -> None:
    """Nothing works here after ``eventlet.monkey_patch()``, so say so at once.

    The loop is a hub of gevent in a thread of its own. After the call a thread is a
    greenlet in eventlet's hub, so the loop would stop the whole process. Without the
    call eventlet's server is a server like any other.

    Raises:
        RuntimeError: eventlet has patched this process.
    """
    patcher: Any = sys.modules.get("eventlet.patcher")
    if patcher is not None and any(map(patcher.is_monkey_patched, _NEEDED)):
        raise RuntimeError(
            "eventlet.monkey_patch() has replaced Python's threads and sockets, which "
            "wsocket needs as they are; remove that call (eventlet.wsgi.server serves "
            "this application without it), or use gevent"
        )
