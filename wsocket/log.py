"""The package's loggers: ``wsocket``, and ``wsocket.access`` for HTTP requests.

No handler is installed on import. If the application has not set up logging, Python
prints warnings and errors, with tracebacks, to stderr. `wsocket.run` then installs a
handler that shows every record from the logger's level on (`wsocket.log_formats`).

Peers choose much of what is logged: paths, URIs, reasons, the messages of exceptions.
So a filter of the loggers makes every record harmless before any handler sees it
(docs/decisions/040-nothing-forges-the-log.md). Nobody who logs has to think of it.
Nor of handlers that fail, because the disk is full or stderr is closed: that must not
end a connection, or the loop."""

from __future__ import annotations

import logging
import traceback
from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import partial
from types import TracebackType
from typing import Any, Final, TypeAlias

from wsocket.harmless import MAX_ARGUMENT, harmless, printable, shortened

# A key of environ: the name in the log of a request whose path contains a secret.
LOGGED_AS = "wsocket.logged_as"

# Characters that are kept of a traceback.
MAX_TRACEBACK: Final = 16_000

# Stands before each line of a traceback, so that none of them can pass for a record.
GUTTER: Final = "  | "

_SysExcInfo: TypeAlias = (
    tuple[type[BaseException], BaseException, TracebackType | None]
    | tuple[None, None, None]
)


class Harmless:
    """Stands for an argument of a log message, and makes its text harmless."""

    __slots__ = ("_value",)

    def __init__(self, value: object) -> None:
        self._value = value

    def __str__(self) -> str:
        return self._text(str)

    def __repr__(self) -> str:
        return self._text(repr)

    def _text(self, describe: Any) -> str:
        try:
            return harmless(describe(self._value))
        except Exception as error:  # the code of users; the record must not be lost
            kind, problem = type(self._value).__name__, type(error).__name__
            return f"<{kind} whose text raises {problem}>"


class Quoted(Harmless):
    """The same for text that stands between quotation marks, which it cannot end."""

    __slots__ = ()

    def _text(self, describe: Any) -> str:
        # Shortened first: the middle that is left out must not be half of an escape.
        text = shortened(str(self._value), MAX_ARGUMENT)
        return printable(text.replace("\\", r"\\").replace('"', r"\""))


class HarmlessRecords(logging.Filter):
    """Lets every record pass, after it has made it harmless.

    The message becomes one line. Only its arguments are shortened, so that our own
    words around them are always there. A traceback is rendered here, where a formatter
    would do it: every line of it begins with `GUTTER`.

    It must be a filter of the logger: those of a handler come too late for the other
    handlers. A filter does not apply to child loggers, which have their own.
    """

    def filter(self, record: logging.LogRecord) -> bool:
        """Part of `logging.Filter`."""
        if record.args:
            record.msg = _one_line(record.msg)
            record.args = _harmless_arguments(record.args)
        else:
            record.msg = _argument(record.msg)
        if record.exc_info:
            record.exc_text = harmless_traceback(record.exc_info)
        return True


def harmless_traceback(exc_info: _SysExcInfo) -> str:
    """A traceback, whose message and notes may have been chosen by a peer."""
    try:
        text = "".join(traceback.format_exception(*exc_info)).rstrip("\n")
    except Exception as error:  # such as a __cause__ that is none
        text = f"<the traceback cannot be shown: {type(error).__name__}>"
    text = shortened(text, MAX_TRACEBACK, "\n")
    return "\n".join(GUTTER + harmless(line) for line in text.split("\n"))


def _one_line(message: object) -> object:
    """The words of a message, which are the code's own, without line breaks."""
    if type(message) is str and not message.isprintable():
        return harmless(message, len(message))
    return message


def _harmless_arguments(
    arguments: tuple[object, ...] | Mapping[str, object],
) -> tuple[object, ...] | dict[str, object]:
    if isinstance(arguments, Mapping):  # logging takes it out of the tuple
        return {key: _argument(value) for key, value in arguments.items()}
    return tuple(map(_argument, arguments))


def _argument(value: object) -> object:
    """*value* itself if it can do no harm, as nearly always, or what stands for it."""
    if type(value) is int or type(value) is float:  # for %d and %g
        return value
    if type(value) is str and len(value) <= MAX_ARGUMENT and value.isprintable():
        return value
    return value if isinstance(value, Harmless) else Harmless(value)


# It has no stream: it only tells stderr, if it may, that another handler has failed.
# It is not initialized, so that `logging` does not know it. It would be forgotten at
# the end of the process, when that cannot be done any more.
_reporter = logging.Handler.__new__(logging.Handler)


def _handle_safely(
    handle: Callable[[logging.LogRecord], None], record: logging.LogRecord
) -> None:
    """Have a record handled; a handler that fails does not fail who logs.

    Python's own handlers report their errors on stderr, and fail if it is closed.
    """
    try:
        handle(record)
    except Exception:
        with suppress(Exception):  # stderr fails as well: nobody is left to be told
            _reporter.handleError(record)


def _our_logger(name: str) -> logging.Logger:
    """A logger that makes records harmless, and never fails who logs."""
    ours = logging.getLogger(name)
    ours.addFilter(HarmlessRecords())
    # No subclass: the application may have configured the logger, so made it, before.
    ours.handle = partial(_handle_safely, ours.handle)  # type: ignore[method-assign]
    return ours


logger = _our_logger("wsocket")
access_logger = _our_logger("wsocket.access")
