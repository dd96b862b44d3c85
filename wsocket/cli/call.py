"""``wsocket call`` calls a procedure, and prints its result."""

from __future__ import annotations

import argparse
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from wsocket.cli import arguments, ctrl_c, usage
from wsocket.cli.arguments import Arguments, given_arguments
from wsocket.cli.connecting import STATUS, add_connection, check_uri, joined
from wsocket.cli.output import as_json, put, shown
from wsocket.cli.progress import ProgressLines, StatusLine
from wsocket.cli.streams import is_terminal
from wsocket.client import CallResult, PendingCall, Session
from wsocket.errors import CallCanceled, CallTimeout
from wsocket.wamp.protocol import errors as error_uris
from wsocket.wamp.protocol.client_messages import CallOptions

EXAMPLES = f"""\
{arguments.HELP}
output:
  A string as it is, everything else as JSON; with --json it is one line of JSON. A
  result of several values is {{"args": [...], "kwargs": {{...}}}}. On a terminal,
  progressive results are shown while the call runs.

{STATUS}
examples:
  wsocket call ws://127.0.0.1:8080/ com.example.add 2 3
  wsocket call ws://127.0.0.1:8080/ com.example.greet name=Ada --json
  wsocket call unix:///run/app/wamp.sock wamp.session.count
  wsocket call wss://example.com/ com.example.report --authid ada --ticket-file ticket
  echo '[2, 3]' | wsocket call ws://127.0.0.1:8080/ com.example.add -
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments of ``wsocket call``."""
    parser.epilog = EXAMPLES
    add_connection(parser)
    parser.add_argument("procedure", metavar="URI", help="of the procedure")
    arguments.add_arguments(parser)
    parser.add_argument(
        "--timeout",
        metavar="SECONDS",
        type=usage.positive_seconds,
        help="how long the call may take (for ever)",
    )
    parser.add_argument(
        "--json", action="store_true", help="print one line of JSON, for programs"
    )
    parser.add_argument(
        "--progress",
        action="store_true",
        help="print each progressive result on stdout, too, as it comes",
    )


def run(options: argparse.Namespace) -> int:
    """Call, and print the result."""
    given = given_arguments(options, not_keywords=("options",))
    check_uri("URI", options.procedure)
    with joined(options) as session:
        result = _call(session, options, given)
    put(_text(result, json=options.json))
    return 0


def _call(session: Session, options: argparse.Namespace, given: Arguments) -> Any:
    """The final result; progressive ones are shown if anybody looks."""
    show = _progress_shown(options)
    wanted = CallOptions(receive_progress=show is not None)
    call = session.start_call(
        options.procedure, *given.args, options=wanted, **given.kwargs
    )
    ctrl_c.raises()  # from now on there is something to cancel
    if show is None:
        return call.result(options.timeout)
    with _canceled_after(call, options.timeout), show:
        for part in call:
            show.part(part)
        return call.result()


@contextmanager
def _canceled_after(call: PendingCall, seconds: float | None) -> Iterator[None]:
    """The call is canceled if the block takes longer.

    Raises:
        CallTimeout: It did.
    """
    if seconds is None:
        yield
        return
    too_late = threading.Event()
    timer = threading.Timer(seconds, _cancel, (call, too_late))
    timer.start()
    try:
        yield
    except CallCanceled as error:
        if not too_late.is_set():
            raise
        problem = f"no answer came within {seconds:g} seconds"
        raise CallTimeout(error_uris.TIMEOUT, problem) from error
    finally:
        timer.cancel()


def _cancel(call: PendingCall, too_late: threading.Event) -> None:
    too_late.set()
    call.cancel()


def _progress_shown(options: argparse.Namespace) -> ProgressLines | None:
    """What shows progressive results; None if nobody wants them."""
    if options.progress:
        return ProgressLines(lambda part: put(_text(part, json=options.json)))
    if not options.json and is_terminal(sys.stdout) and is_terminal(sys.stderr):
        return StatusLine()
    return None


def _text(result: Any, *, json: bool) -> str:
    if isinstance(result, CallResult):
        result = {"args": list(result.args), "kwargs": dict(result.kwargs)}
    return as_json(result) if json else shown(result)
