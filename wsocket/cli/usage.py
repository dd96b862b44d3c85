"""What is wrong with a command line, and the types of its arguments."""

from __future__ import annotations

import argparse
import re
from collections.abc import Callable

from wsocket.cli.exit_status import USAGE, CommandFailed

# Python reads thousands of digits, and nobody can use such a number.
_DIGITS = re.compile("[0-9]{1,19}")
_LARGEST = 2**63 - 1

# Seconds, more than 11 days. What waits by poll(2) can wait 24 days.
_MOST_SECONDS = 1_000_000


class UsageError(CommandFailed):
    """The command line is wrong; the message says what to do."""

    def __init__(self, message: str) -> None:
        super().__init__(message, USAGE)


def seconds(text: str) -> float:
    """A number of seconds, 0 or more."""
    try:
        given = float(text)
    except ValueError:
        given = -1.0
    if not given >= 0:
        raise argparse.ArgumentTypeError(
            f"expected seconds, such as 30, got {text!r:.100}"
        )
    if given > _MOST_SECONDS:
        raise argparse.ArgumentTypeError(
            f"expected at most {_MOST_SECONDS} seconds, got {text!r:.100}"
        )
    return given


def number(low: int, high: int = _LARGEST) -> Callable[[str], int]:
    """The type of numbers from *low* to *high*, both included."""
    expected = f"a number from {low} " + ("on" if high == _LARGEST else f"to {high}")

    def read(text: str) -> int:
        if not (_DIGITS.fullmatch(text) and low <= int(text) <= high):
            raise argparse.ArgumentTypeError(f"expected {expected}, got {text!r:.100}")
        return int(text)

    return read


def add_debug(parser: argparse._ActionsContainer) -> None:
    """The option of commands that have no other meaning for it."""
    parser.add_argument(
        "--debug", action="store_true", help="show the traceback of a failure"
    )


def positive_seconds(text: str) -> float:
    """A number of seconds, more than 0."""
    given = seconds(text)
    if not given:
        raise argparse.ArgumentTypeError(f"expected more than 0 seconds, got {text!r}")
    return given
