"""Reading stdin, and writing to stdout and stderr, each of which may be closed.

A stream that was closed when the process started is None. `print` to None is silent for
stdout, and goes to stdout for stderr.
"""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from typing import TextIO

from wsocket.cli.exit_status import CommandFailed
from wsocket.cli.usage import UsageError
from wsocket.harmless import harmless


def read_stdin(limit: int) -> bytes:
    """All of stdin, but not more than *limit* bytes.

    Raises:
        UsageError: It cannot be read.
    """
    if sys.stdin is None:
        raise UsageError("stdin is closed: pipe a document into it, or give words")
    try:
        return sys.stdin.buffer.read(limit)
    except OSError as error:
        raise UsageError(f"cannot read stdin: {error.strerror or error}") from error


def write_line(text: str) -> None:
    """Print to stdout at once, so that whoever reads it need not wait.

    Raises:
        CommandFailed: It cannot be written.
        BrokenPipeError: Nobody reads it any more.
    """
    if sys.stdout is None:
        raise CommandFailed(
            "cannot write the output: stdout is closed; > /dev/null throws it away"
        )
    try:
        print(text, flush=True)
    except UnicodeEncodeError as error:
        raise CommandFailed(
            f"cannot write the output: stdout has the encoding {error.encoding}, which "
            "lacks some of its characters: set PYTHONIOENCODING=utf-8"
        ) from error
    except OSError as error:
        raise _unwritten(error) from error


def flush() -> None:
    """Write what was printed; raises what `write_line` does."""
    if sys.stdout is None:
        return
    try:
        sys.stdout.flush()
    except OSError as error:
        raise _unwritten(error) from error


def give_up_stdout() -> None:
    """Python flushes stdout when it ends, which must not fail once more."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())
    os.close(nowhere)


def note(text: str) -> None:
    """Tell the user something that is no output, in one line on stderr."""
    if sys.stderr is not None:
        with suppress(OSError, ValueError):  # a full disk, a closed stderr
            print(f"wsocket: {harmless(text, len(text))}", file=sys.stderr, flush=True)


def is_terminal(stream: TextIO | None) -> bool:
    """Whether somebody looks at *stream*."""
    return stream is not None and stream.isatty()


def _unwritten(error: OSError) -> Exception:
    """What to raise because stdout has failed with *error*."""
    if isinstance(error, BrokenPipeError):
        return error
    give_up_stdout()
    return CommandFailed(f"cannot write the output: {error.strerror or error}")
