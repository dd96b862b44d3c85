"""``wsocket register`` answers calls with a program."""

from __future__ import annotations

import argparse
import shlex
import shutil
from collections.abc import Callable, Sequence
from typing import Any

import msgspec

from wsocket.cli import usage
from wsocket.cli.connecting import STATUS, add_connection, check_uri
from wsocket.cli.output import as_json
from wsocket.cli.program import Program
from wsocket.cli.staying import add_staying, staying
from wsocket.cli.usage import UsageError
from wsocket.client import CallDetails
from wsocket.wamp.protocol.options import INVOKE_POLICIES, RegisterOptions
from wsocket.wamp.protocol.uris import MATCHES

TIMEOUT = 60.0
CONCURRENCY = 4
MOST_AT_ONCE = 1000  # handlers that a client has

EXAMPLES = f"""\
the program:
  It is started for each call, without a shell. Its stdin is the call, as JSON:
  {{"args": [2, 3], "kwargs": {{}}}}. Its stdout is the result: JSON, or else a string;
  nothing is null. If it does not end with 0, the caller gets the error
  wsocket.error.program_failed, with the end of its stderr and its status.
  WSOCKET_PROCEDURE in its environment is the URI that was called.

{STATUS}
examples:
  wsocket register ws://127.0.0.1:8080/ com.example.sum --exec 'jq ".args | add"'
  wsocket register ws://127.0.0.1:8080/ com.example.uptime --exec uptime
  wsocket register ws://127.0.0.1:8080/ com.example.tail --exec 'sh -c "tail log | cat"'
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments of ``wsocket register``."""
    parser.epilog = EXAMPLES
    add_connection(parser)
    parser.add_argument("procedure", metavar="URI", help="of the procedure")
    parser.add_argument(
        "--exec",
        metavar="COMMAND",
        required=True,
        help="the program that answers a call, with its arguments",
    )
    parser.add_argument(
        "--concurrency",
        metavar="N",
        type=usage.number(1, MOST_AT_ONCE),
        default=CONCURRENCY,
        help="how many calls may run at once; others wait (%(default)s)",
    )
    parser.add_argument(
        "--timeout",
        metavar="SECONDS",
        type=usage.positive_seconds,
        default=TIMEOUT,
        help="how long the program may take for a call (%(default)g)",
    )
    parser.add_argument(
        "--match",
        choices=MATCHES,
        default="exact",
        help="how URIs are matched (%(default)s)",
    )
    parser.add_argument(
        "--invoke",
        choices=INVOKE_POLICIES,
        default="single",
        help="which one of several callees is called (%(default)s)",
    )
    add_staying(parser)


def run(options: argparse.Namespace) -> int:
    """Answer calls until Ctrl-C."""
    check_uri("URI", options.procedure, options.match, ours=True)
    program = Program(_words(options.exec), timeout=options.timeout)
    chosen = RegisterOptions(match=options.match, invoke=options.invoke)
    with staying(options, handlers=options.concurrency) as (session, stay):
        try:
            session.register(options.procedure, _handler(program), options=chosen)
            stay.tell(f"registered {options.procedure!r}")
            for _ in stay.items():
                continue
        finally:
            program.end_all()
    return 0


def _handler(program: Program) -> Callable[..., Any]:
    """What answers a call."""

    def answer(*args: Any, details: CallDetails, **kwargs: Any) -> Any:
        given = as_json({"args": args, "kwargs": kwargs}).encode()
        environment = {"WSOCKET_PROCEDURE": details.procedure}
        return _result(program.run(given, environment))

    return answer


def _words(command: str) -> Sequence[str]:
    """The program and its arguments.

    Raises:
        UsageError: There is no such program.
    """
    try:
        words = shlex.split(command)
    except ValueError as error:
        raise UsageError(f"--exec: {command!r}: {error}") from error
    if not words or shutil.which(words[0]) is None:
        raise UsageError(
            f"--exec: there is no program {words[0] if words else ''!r}; for commands "
            "of a shell: --exec 'sh -c \"...\"'"
        )
    return words


def _result(said: bytes) -> Any:
    """JSON, if it is that, otherwise text; None if it is empty."""
    text = said.decode(errors="replace").strip()
    if not text:
        return None
    try:
        return msgspec.json.decode(text)
    except (msgspec.DecodeError, RecursionError):
        return text
