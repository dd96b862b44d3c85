"""The commands, and the parser of the command line.

Only the module of the command that is asked for is imported: a shell waits for every
other one.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from importlib import import_module
from typing import NoReturn

import wsocket
from wsocket.cli.command_parser import CommandParser
from wsocket.core.checks import closest

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

# Options that stand in the place of a command.
_ALONE = ("-h", "--help", "--version")

EPILOG = """\
exit status:
  0 success, 1 a failure or a WAMP error, 2 a wrong command line, 3 a router cannot be
  reached, 130 Ctrl-C, 141 nobody reads the output any more

examples:
  wsocket run chat:app
  wsocket call ws://127.0.0.1:8080/ com.example.add 2 3
  wsocket call --help
"""


def parse(given: Sequence[str]) -> argparse.Namespace:
    """Read a command line; ``run`` of the result runs the command.

    Raises:
        UsageError: The command line is wrong.
        SystemExit: It asked for help or the version.
    """
    name, rest = (given[0] if given else ""), given[1:]
    if name not in COMMANDS:
        _refuse_name(name)
    parser = CommandParser(prog=f"{_PROGRAM} {name}")
    fill(parser, name)
    return parser.parsed(rest)


def _refuse_name(name: str) -> NoReturn:
    """End if *name* is an option such as ``--help``, and otherwise say what it is."""
    parser, _ = build_parser()
    if name in _ALONE:
        parser.parse_args([name])
    if name and not name.startswith("-"):
        parser.error(f"there is no command {name!r:.100}{closest(name, COMMANDS)}")
    option = f", got {name.partition('=')[0]}" if name else ""
    parser.error(f"expected a COMMAND first: {', '.join(COMMANDS)}{option}")


def build_parser() -> tuple[CommandParser, dict[str, CommandParser]]:
    """The parser, and those of the commands, which have no arguments yet."""
    parser = CommandParser(
        prog=_PROGRAM, description="Realtime for Python web apps.", epilog=EPILOG
    )
    _add_help(parser)
    parser.add_argument(
        "--version", action="version", version=f"{_PROGRAM} {wsocket.__version__}"
    )
    commands = parser.add_subparsers(metavar="COMMAND", dest="command")
    return parser, {
        name: commands.add_parser(name, help=text) for name, text in COMMANDS.items()
    }


def fill(parser: CommandParser, name: str) -> None:
    """Give the parser of the command *name* its arguments."""
    _add_help(parser)
    module = import_module(f"wsocket.cli.{name}")
    module.add_arguments(parser)
    parser.set_defaults(run=module.run)


def filled_parsers() -> Iterator[tuple[str, CommandParser]]:
    """The parser of each command, with its arguments."""
    for name, parser in build_parser()[1].items():
        fill(parser, name)
        yield name, parser


def _add_help(parser: CommandParser) -> None:
    parser.add_argument("-h", "--help", action="help", help="show this, and end")
