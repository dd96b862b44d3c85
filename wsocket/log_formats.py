"""How log records look on stderr: as text, or as JSON."""

from __future__ import annotations

import json
import logging
from datetime import datetime, timezone
from typing import Final, Literal, TypeAlias, get_args

from wsocket.log import GUTTER, Harmless, access_logger, logger

LogFormat: TypeAlias = Literal["text", "json"]
LOG_FORMATS: Final[tuple[LogFormat, ...]] = get_args(LogFormat)

# What every record has. Everything else was given to it, as `extra`.
_USUAL: Final = {*vars(logging.makeLogRecord({})), "message", "asctime", "taskName"}


class TextFormatter(logging.Formatter):
    """Time, level and logger before each message, except the lines of the access log.

    These have their own time, and programs read them.
    """

    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)s %(name)s: %(message)s")

    def format(self, record: logging.LogRecord) -> str:
        """Part of `logging.Formatter`."""
        if record.name == access_logger.name:
            return record.getMessage()
        return super().format(record)


class JsonFormatter(logging.Formatter):
    """One JSON object for each record, in one line of ASCII.

    Its keys are ``timestamp`` (RFC 3339, UTC), ``level``, ``logger``, ``message``,
    those that the record was given as ``extra``, and ``exception`` and ``stack``, if
    there is one. An extra value that is no text, number, boolean or null is shown as
    text.
    """

    def format(self, record: logging.LogRecord) -> str:
        """Part of `logging.Formatter`."""
        shown: dict[str, object] = {
            "timestamp": _rfc3339(record.created),
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
        }
        for name, value in vars(record).items():
            if name not in _USUAL:
                shown.setdefault(name, _plain(value))
        if record.exc_text:  # of our own loggers; in JSON no line passes for a record
            shown["exception"] = _without_gutter(record.exc_text)
        elif record.exc_info:
            shown["exception"] = self.formatException(record.exc_info)
        if record.stack_info:
            shown["stack"] = self.formatStack(record.stack_info)
        return json.dumps(shown).replace("\x7f", r"\u007f")


_FORMATTERS: Final[dict[LogFormat, type[logging.Formatter]]] = {
    "text": TextFormatter,
    "json": JsonFormatter,
}


class StderrHandler(logging.StreamHandler):  # type: ignore[type-arg]  # from 3.11 on
    """The handler of `log_to_stderr`, by which it is known when it is there already."""


def log_to_stderr(log_format: LogFormat, *, access_log: bool) -> None:
    """Show this package's log records on stderr unless the application handles them.

    Args:
        access_log: Whether every request is logged. If not, the levels of the loggers
            decide.

    Raises:
        ValueError: There is no such format.
    """
    _check(log_format)
    if access_log:
        access_logger.setLevel(logging.INFO)
    ours = next((each for each in logger.handlers if type(each) is StderrHandler), None)
    if ours is None:
        if logger.hasHandlers():
            _leave_to_application(log_format)
            return
        ours = StderrHandler()
        logger.addHandler(ours)
    ours.setFormatter(_FORMATTERS[log_format]())


def _check(log_format: object) -> None:
    if log_format not in LOG_FORMATS:
        known = " or ".join(map(repr, LOG_FORMATS))
        raise ValueError(f"log_format must be {known}, not {log_format!r}")


def _leave_to_application(log_format: LogFormat) -> None:
    if log_format != "text":
        logger.warning(
            "the application has set up logging itself, so log_format=%r has no "
            "effect; give its handlers a wsocket.log_formats.JsonFormatter",
            log_format,
        )


def _plain(value: object) -> object:
    """A value that JSON has, in place of any."""
    if value is None or type(value) in (str, int, bool):
        return value
    if type(value) is float and abs(value) < float("inf"):
        return value
    return str(Harmless(value))


def _rfc3339(seconds: float) -> str:
    at = datetime.fromtimestamp(seconds, timezone.utc)
    return f"{at:%Y-%m-%dT%H:%M:%S}.{at.microsecond // 1000:03}Z"


def _without_gutter(text: str) -> str:
    return "\n".join(line.removeprefix(GUTTER) for line in text.split("\n"))
