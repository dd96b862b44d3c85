"""Ctrl-C, and how it is told from a KeyboardInterrupt that user code raises."""

from __future__ import annotations

import signal
import threading

import gevent

from wsocket.core.concurrency.kinds import in_greenlet


def may_be_ctrl_c(error: BaseException) -> bool:
    """Whether Ctrl-C may have raised *error* in the middle of user code.

    Only Python's own handler for SIGINT raises, and only in the main thread. There user
    code runs only in greenlets of a server that was started without `wsocket.run`,
    which has a handler of its own. Everywhere else KeyboardInterrupt is an exception of
    user code like any other.
    """
    return (
        isinstance(error, KeyboardInterrupt)
        and signal.getsignal(signal.SIGINT) is signal.default_int_handler
        and _in_main_thread()
    )


def _in_main_thread() -> bool:
    if in_greenlet():  # patched, `threading` holds each greenlet for a thread
        return bool(gevent.get_hub().main_hub)
    return threading.current_thread() is threading.main_thread()
