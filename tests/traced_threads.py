"""A plugin of pytest for `make coverage`: the loop's thread is measured like others.

Python tells a new thread of the tracer only where `threading` starts it. The loop
starts its thread below that (`wsocket.core.net.loop`).
"""

from __future__ import annotations

import _thread
import sys
import threading
from collections.abc import Callable
from typing import Any

start = _thread.start_new_thread


def start_traced(
    function: Callable[..., object], args: tuple[Any, ...], kwargs: Any = None
) -> int:
    """Start a thread that has the tracer of those which `threading` starts."""

    def traced() -> None:
        sys.settrace(threading.gettrace())
        function(*args, **(kwargs or {}))

    return start(traced, ())


_thread.start_new_thread = start_traced
