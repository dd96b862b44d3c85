"""Finds the command that is asked for, and runs it.

Only the module of that command is imported: a shell waits for every other one.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from importlib import import_module
from typing import NamedTuple

import wsocket
from wsocket.cli.usage import UsageError


class Command(NamedTuple):
    """A command.

    Its module has ``add_arguments(parser)``, and ``run(options)``, which returns the
    exit status, and may raise `UsageError`.

    Attributes:
        module: The last name of the module, in this package.
        help: A line for ``wsocket --help``.
    """

    module: str
    help: str


COMMANDS = {
    "run": Command("run", "serve an application on gevent"),
    "router": Command("router", "serve the WAMP router that a file describes"),
    "check": Command("check", "say what is wrong with the file of a router"),
    "init": Command("init", "write an example of the file of a router"),
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; returns the exit status: 2 for a usage error."""
    given = sys.argv[1:] if arguments is None else list(arguments)
    options = _parser(given).parse_args(given)
    run: Callable[[argparse.Namespace], int] = options.run
    try:
        return run(options)
    except UsageError as error:
        print(f"wsocket: {error}", file=sys.stderr)
        return 2


def _parser(given: Sequence[str]) -> argparse.ArgumentParser:
    """The parser, in which only the command that is *given* has its arguments."""
    parser = argparse.ArgumentParser(
        prog="wsocket", description="Realtime for Python web apps."
    )
    parser.add_argument(
        "--version", action="version", version=f"wsocket {wsocket.__version__}"
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    asked_for = next((each for each in given if not each.startswith("-")), None)
    for name, command in COMMANDS.items():
        its_parser = commands.add_parser(name, help=command.help)
        if name == asked_for:
            module = import_module(f"wsocket.cli.{command.module}")
            module.add_arguments(its_parser)
            its_parser.set_defaults(run=module.run)
    return parser
