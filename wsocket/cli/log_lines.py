"""What a client logs, as lines of the command line.

This is imported when there is something to log, as `logging` is.
"""

from __future__ import annotations

import logging

from wsocket.cli.streams import note


class LogLines(logging.Handler):
    """Prints warnings, such as that the router has ended a subscription.

    Errors are not printed. Each of them also ends the command, which says so itself in
    one line, or goes to the peer that has called.
    """

    def emit(self, record: logging.LogRecord) -> None:
        """Part of `logging.Handler`."""
        if record.levelno == logging.WARNING:
            note(record.getMessage())


log_lines = LogLines()
