"""What there is to complete in a command line: commands, options, their values."""

from __future__ import annotations

import argparse
from typing import NamedTuple

from wsocket.cli.commands import COMMANDS, filled_parsers

# Values that are files, by what the help calls them.
_FILES = ("FILE", "PATH")


class CommandOption(NamedTuple):
    """An option of a command.

    Attributes:
        names: Such as ``("-h", "--help")``.
        values: What its value can be, if that is one of some words.
        takes_value: Whether it has a value.
        is_file: Whether the value is the name of a file.
    """

    names: tuple[str, ...]
    help: str
    values: tuple[str, ...]
    takes_value: bool
    is_file: bool


class Completed(NamedTuple):
    """A command; `words` are what its arguments can be, if they are words."""

    name: str
    help: str
    options: list[CommandOption]
    words: tuple[str, ...]


def completed_commands() -> list[Completed]:
    """All commands, as their parsers have them."""
    return [_completed(name, parser) for name, parser in filled_parsers()]


def _completed(name: str, parser: argparse.ArgumentParser) -> Completed:
    # argparse has no public way to ask a parser for its options.
    actions = parser._actions
    options = [_option(action) for action in actions if action.option_strings]
    words = [
        str(choice)
        for action in actions
        if not action.option_strings
        for choice in action.choices or ()
    ]
    return Completed(name, COMMANDS[name], options, tuple(words))


def _option(action: argparse.Action) -> CommandOption:
    text = (action.help or "") % {**vars(action), "prog": "wsocket"}
    return CommandOption(
        tuple(action.option_strings),
        text,
        tuple(map(str, action.choices or ())),
        action.nargs != 0,
        action.metavar in _FILES,
    )
