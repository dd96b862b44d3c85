"""Runs the command that is asked for, and says in one line why it failed."""

from __future__ import annotations

import argparse
import os
import sys
import traceback
from collections.abc import Callable, Sequence

from wsocket.cli.commands import parse
from wsocket.cli.exit_status import INTERRUPTED, PIPE_CLOSED, CommandFailed
from wsocket.log import harmless


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; returns the exit status (`exit_status`).

    Raises:
        SystemExit: The command line is wrong, or it asked for help or the version.
    """
    options = parse(sys.argv[1:] if arguments is None else arguments)
    run: Callable[[argparse.Namespace], int] = options.run
    try:
        return run(options)
    except CommandFailed as error:
        if getattr(options, "debug", False):
            traceback.print_exc()
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
