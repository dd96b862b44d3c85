"""Runs the command that is asked for, and says in one line why it failed."""

from __future__ import annotations

import argparse
import gc
import sys
from collections.abc import Callable, Sequence
from importlib import import_module

from wsocket.cli.commands import parse
from wsocket.cli.ctrl_c import ends_at_once, was_pressed
from wsocket.cli.exit_status import INTERRUPTED, PIPE_CLOSED, CommandFailed
from wsocket.cli.streams import flush, give_up_stdout, note
from wsocket.harmless import harmless

_Reader = Callable[[Sequence[str]], argparse.Namespace]


def main(arguments: Sequence[str] | None = None) -> int:
    """See `wsocket.cli.main`."""
    if arguments is not None:
        return _status(arguments, parse)
    # Python looks for garbage as modules are imported, and again in all of them at the
    # end of the process, and finds none: a quarter of the time of a call.
    gc.disable()
    try:
        return _status(sys.argv[1:], _parsed_without_gc)
    finally:
        gc.freeze()
        ends_at_once()


def _parsed_without_gc(arguments: Sequence[str]) -> argparse.Namespace:
    options = parse(arguments)
    gc.freeze()
    gc.enable()
    return options


def _status(arguments: Sequence[str], read: _Reader) -> int:
    """Run a command; whatever goes wrong is a line and a status, never a traceback."""
    debug = "--debug" in arguments
    try:
        return _run(arguments, read)
    except CommandFailed as error:
        return _failed(error, error if debug else error.of_application)
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:
        give_up_stdout()
        return PIPE_CLOSED
    except Exception as error:  # the last resort
        if was_pressed():  # what was interrupted has failed in its own way
            return INTERRUPTED
        kind, advice = type(error).__name__, "--debug shows the traceback"
        failure = CommandFailed(f"unexpected {kind}: {error}; {advice}")
        return _failed(failure, error if debug else None)


def _run(arguments: Sequence[str], read: _Reader) -> int:
    try:
        options = read(arguments)
        run: Callable[[argparse.Namespace], int] = options.run
        return run(options)
    finally:
        flush()  # Python would do it later, and say in its own way that this failed


def _failed(failure: CommandFailed, shown: BaseException | None) -> int:
    """Say why a command has failed; the traceback of *shown* comes first."""
    if shown is not None and sys.stderr is not None:
        import_module("traceback").print_exception(shown)  # nobody else waits for it
    note(harmless(str(failure)))
    return failure.status
