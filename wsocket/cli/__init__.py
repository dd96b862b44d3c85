"""The command ``wsocket``: one module for each of its commands."""

from __future__ import annotations

from importlib import import_module

from wsocket.cli.ctrl_c import ends_at_once

TYPE_CHECKING = False  # see `wsocket`
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

__all__ = ["main"]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; returns the exit status (`exit_status`).

    Args:
        arguments: None: those of this process, which ends with the command.

    Raises:
        SystemExit: The command line asked for help or the version, or a server could
            not start.
    """
    if arguments is None:
        ends_at_once()  # before the imports, which take nearly all of the time
    run: Callable[[Sequence[str] | None], int]
    run = import_module("wsocket.cli.command_line").main
    return run(arguments)
