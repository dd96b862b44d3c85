"""What is wrong with a command line, and the types of its arguments."""

from __future__ import annotations

import argparse

from wsocket.cli.exit_status import USAGE, CommandFailed


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
    if not 0 <= given < float("inf"):
        raise argparse.ArgumentTypeError(f"expected seconds, such as 30, got {text!r}")
    return given


def count(text: str) -> int:
    """A number, 0 or more."""
    if not text.isdecimal():
        raise argparse.ArgumentTypeError(f"expected a number, such as 3, got {text!r}")
    return int(text)


def positive(text: str) -> int:
    """A number, 1 or more."""
    number = count(text)
    if not number:
        raise argparse.ArgumentTypeError("expected a number from 1 on, got 0")
    return number


def port(text: str) -> int:
    """The number of a port; 0 for any."""
    if not (text.isdecimal() and int(text) < 65536):
        raise argparse.ArgumentTypeError(f"expected a number up to 65535, got {text!r}")
    return int(text)


def positive_seconds(text: str) -> float:
    """A number of seconds, more than 0."""
    given = seconds(text)
    if not given:
        raise argparse.ArgumentTypeError("expected more than 0 seconds, got 0")
    return given
