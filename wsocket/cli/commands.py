"""The commands, and the parser of the command line.

Only the module of the command that is asked for is imported: a shell waits for every
other one.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from importlib import import_module
from typing import NamedTuple

import wsocket


class Command(NamedTuple):
    """A command.

    Its module has ``add_arguments(parser)``, and ``run(options)``, which returns the
    exit status, and may raise `CommandFailed`.

    Attributes:
        module: The last name of the module, in this package.
        help: A line for ``wsocket --help``.
    """

    module: str
    help: str


COMMANDS = {
    "run": Command("run", "serve an application on gevent"),
    "call": Command("call", "call a procedure, and print its result"),
    "publish": Command("publish", "publish an event"),
    "subscribe": Command("subscribe", "print the events of a topic as they come"),
    "tap": Command("tap", "print the events of all topics that fit a pattern"),
    "register": Command("register", "answer calls with a program"),
    "sessions": Command("sessions", "list who is connected"),
    "router": Command("router", "serve the WAMP router that a file describes"),
    "check": Command("check", "say what is wrong with the file of a router"),
    "init": Command("init", "write an example of the file of a router"),
    "doctor": Command("doctor", "say what is installed, and what is missing"),
    "completion": Command("completion", "print the completion script of a shell"),
}


def parse(given: Sequence[str]) -> argparse.Namespace:
    """Read a command line; ``run`` of the result runs the command.

    Raises:
        SystemExit: The command line is wrong, or it asked for help or the version.
    """
    places = (place for place, each in enumerate(given) if not each.startswith("-"))
    end = next(places, len(given)) + 1
    parser, parsers = build_parser()
    name: str | None = parser.parse_args(given[:end]).command
    if name is None:
        parser.error(f"expected one of the commands {', '.join(COMMANDS)}, got none")
    fill(parsers[name], name)
    # Options may stand anywhere, also between the arguments of a call.
    return parsers[name].parse_intermixed_args(list(given[end:]))


def build_parser() -> tuple[
    argparse.ArgumentParser, dict[str, argparse.ArgumentParser]
]:
    """The parser, and those of the commands, which have no arguments yet."""
    parser = argparse.ArgumentParser(
        prog="wsocket", description="Realtime for Python web apps."
    )
    parser.add_argument(
        "--version", action="version", version=f"wsocket {wsocket.__version__}"
    )
    commands = parser.add_subparsers(metavar="COMMAND", dest="command")
    return parser, {
        name: commands.add_parser(
            name,
            help=command.help,
            formatter_class=argparse.RawDescriptionHelpFormatter,
            add_help=False,  # it comes with the arguments
        )
        for name, command in COMMANDS.items()
    }


def fill(parser: argparse.ArgumentParser, name: str) -> None:
    """Give the parser of the command *name* its arguments."""
    parser.add_argument("-h", "--help", action="help", help="show this, and end")
    module = import_module(f"wsocket.cli.{COMMANDS[name].module}")
    module.add_arguments(parser)
    parser.set_defaults(run=module.run)


def filled_parsers() -> Iterator[tuple[str, argparse.ArgumentParser]]:
    """The parser of each command, with its arguments."""
    for name, parser in build_parser()[1].items():
        fill(parser, name)
        yield name, parser
