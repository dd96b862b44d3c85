"""Runs the command that is asked for, and says in one line why it failed."""

from __future__ import annotations

import argparse
import gc
import os
import sys
from collections.abc import Callable, Sequence
from importlib import import_module

from wsocket.cli.commands import parse
from wsocket.cli.exit_status import INTERRUPTED, PIPE_CLOSED, CommandFailed
from wsocket.harmless import harmless


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; returns the exit status (`exit_status`).

    Args:
        arguments: None: those of this process, which ends with the command.

    Raises:
        SystemExit: The command line is wrong, or it asked for help or the version.
    """
    if arguments is not None:
        return _run(parse(arguments))
    # Python looks for garbage as modules are imported, and again in all of them at the
    # end of the process, and finds none: a quarter of the time of a call.
    gc.disable()
    options = parse(sys.argv[1:])
    gc.freeze()
    gc.enable()
    try:
        return _run(options)
    finally:
        gc.freeze()


def _run(options: argparse.Namespace) -> int:
    run: Callable[[argparse.Namespace], int] = options.run
    try:
        return run(options)
    except CommandFailed as error:
        if getattr(options, "debug", False):
            import_module("traceback").print_exc()  # nobody else waits for it
        print(f"wsocket: {harmless(str(error))}", file=sys.stderr)
        return error.status
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:
        _give_up_stdout()
        return PIPE_CLOSED


def _give_up_stdout() -> None:
    """Python flushes stdout when it ends, which must not fail once more."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())
    os.close(nowhere)
