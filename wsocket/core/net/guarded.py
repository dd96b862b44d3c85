"""Calling back: an exception does not reach the loop."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from wsocket.log import logger


def guarded(callback: Callable[..., object], *args: Any) -> None:
    """Run a callback. An exception is our bug: it is logged, and the hub goes on."""
    try:
        callback(*args)
    except Exception:
        logger.exception("a callback on the I/O loop failed: %r", callback)
