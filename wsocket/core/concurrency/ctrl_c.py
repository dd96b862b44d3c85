"""Telling Ctrl-C from a KeyboardInterrupt that user code raises by itself."""

from __future__ import annotations

import dis
import signal
from types import TracebackType

import gevent

_RAISING = ("RAISE_VARARGS", "RERAISE")


def pass_on(error: BaseException) -> None:
    """Give Ctrl-C to the main greenlet, as gevent does; anything else stays here.

    A greenlet of the main thread may be at work when the user presses it. In threads
    Python never raises it.
    """
    if is_ctrl_c(error):
        gevent.get_hub().handle_system_error(type(error), error)


def is_ctrl_c(error: BaseException) -> bool:
    """Whether Python's own handler of SIGINT has raised *error*, not user code."""
    if not isinstance(error, KeyboardInterrupt):
        return False
    if signal.getsignal(signal.SIGINT) is not signal.default_int_handler:
        return False
    place: TracebackType | None = error.__traceback__
    while place is not None and place.tb_next is not None:
        place = place.tb_next
    if place is None:
        return False
    code = place.tb_frame.f_code.co_code
    return dis.opname[code[place.tb_lasti]] not in _RAISING
