"""Whether a thread or greenlet waits for an answer of the loop (`core.net.future.ask`).

That is no work: the loop knows when it goes on. It waits without a limit in time, so
nothing but the loop can end it; and the loop sees it, because this is asked there.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable
from types import FrameType
from typing import Any

from wsocket.core.net.future import Future, ask

_DEEPEST = 20  # frames between the wait and where gevent switches to another greenlet


def asking_threads(threads: Iterable[int]) -> set[int]:
    """Those of these threads, by their identity, that wait for the loop."""
    frames = sys._current_frames()
    return {each for each in threads if _asks(frames.get(each))}


def asks(greenlet: Any) -> bool:
    """Whether a greenlet, which does not run at the moment, waits for the loop."""
    return _asks(greenlet.gr_frame)


def _asks(frame: FrameType | None) -> bool:
    for _ in range(_DEEPEST):
        if frame is None:
            return False
        if frame.f_code is Future.wait.__code__:
            # Not while `ask` has not called the loop yet: the loop would know nothing.
            caller = frame.f_back
            future: Future[Any] = frame.f_locals["self"]
            return (
                caller is not None and caller.f_code is ask.__code__ and not future.done
            )
        frame = frame.f_back
    return False
