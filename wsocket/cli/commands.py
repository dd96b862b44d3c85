"""The commands, and the parser of the command line.

Only the module of the command that is asked for is imported: a shell waits for every
other one.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from importlib import import_module
from typing import Any

import wsocket
from wsocket.cli.terminal_width import columns

# name -> help. The module of the same name, in this package, has
# ``add_arguments(parser)``, and ``run(options)``, which returns the exit status, and
# may raise `CommandFailed`.
COMMANDS = {
    "run": "serve an application on gevent",
    "call": "call a procedure, and print its result",
    "publish": "publish an event",
    "subscribe": "print the events of a topic as they come",
    "tap": "print the events of all topics that fit a pattern",
    "register": "answer calls with a program",
    "sessions": "list who is connected",
    "router": "serve the WAMP router that a file describes",
    "check": "say what is wrong with the file of a router",
    "init": "write an example of the file of a router",
    "doctor": "say what is installed, and what is missing",
    "completion": "print the completion script of a shell",
}

_PROGRAM = "wsocket"


def _formatter(prog: str) -> argparse.HelpFormatter:
    return argparse.RawDescriptionHelpFormatter(prog, width=columns() - 2)


# How the parser of a command is made, alone or among all.
_FOR_COMMANDS: Any = {
    "formatter_class": _formatter,  # argparse makes one for each argument
    "add_help": False,  # it comes with the arguments
}


def parse(given: Sequence[str]) -> argparse.Namespace:
    """Read a command line; ``run`` of the result runs the command.

    Raises:
        SystemExit: The command line is wrong, or it asked for help or the version.
    """
    if given and given[0] in COMMANDS:
        name, rest = given[0], list(given[1:])
    else:
        name, rest = _read_name(given)
    parser = argparse.ArgumentParser(prog=f"{_PROGRAM} {name}", **_FOR_COMMANDS)
    fill(parser, name)
    if not any(word.startswith("-") for word in rest):
        return parser.parse_args(rest)
    # Options may stand anywhere, also between the arguments of a call. Before it looks
    # for them argparse writes the usage, which takes a millisecond.
    return parser.parse_intermixed_args(rest)


def _read_name(given: Sequence[str]) -> tuple[str, list[str]]:
    """The command, and what comes after it; ends if there is none."""
    places = (place for place, each in enumerate(given) if not each.startswith("-"))
    end = next(places, len(given)) + 1
    parser, _ = build_parser()
    name: str | None = parser.parse_args(given[:end]).command
    if name is None:
        parser.error(f"expected one of the commands {', '.join(COMMANDS)}, got none")
    return name, list(given[end:])


def build_parser() -> tuple[
    argparse.ArgumentParser, dict[str, argparse.ArgumentParser]
]:
    """The parser, and those of the commands, which have no arguments yet."""
    parser = argparse.ArgumentParser(
        prog=_PROGRAM, description="Realtime for Python web apps."
    )
    parser.add_argument(
        "--version", action="version", version=f"{_PROGRAM} {wsocket.__version__}"
    )
    commands = parser.add_subparsers(metavar="COMMAND", dest="command")
    return parser, {
        name: commands.add_parser(name, help=text, **_FOR_COMMANDS)
        for name, text in COMMANDS.items()
    }


def fill(parser: argparse.ArgumentParser, name: str) -> None:
    """Give the parser of the command *name* its arguments."""
    parser.add_argument("-h", "--help", action="help", help="show this, and end")
    module = import_module(f"wsocket.cli.{name}")
    module.add_arguments(parser)
    parser.set_defaults(run=module.run)


def filled_parsers() -> Iterator[tuple[str, argparse.ArgumentParser]]:
    """The parser of each command, with its arguments."""
    for name, parser in build_parser()[1].items():
        fill(parser, name)
        yield name, parser
