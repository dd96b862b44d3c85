"""The loop, for the thread or greenlet of an HTTP request."""

from __future__ import annotations

from wsocket.core.concurrency.kinds import in_greenlet
from wsocket.core.net.loop import Loop, get_loop


def request_loop() -> Loop:
    """The loop of this process, made now if it must be."""
    # A server that runs requests in greenlets has a hub, even if nothing is patched.
    return get_loop(current_hub=in_greenlet() or None)
