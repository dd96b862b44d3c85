"""``wsocket sessions`` lists who is connected to a realm (WAMP Session Meta API)."""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from typing import Any

from wsocket.cli.connecting import STATUS, add_connection, joined
from wsocket.cli.output import as_json, put
from wsocket.cli.staying import AGAIN, Stay, add_staying, staying
from wsocket.client import EventDetails, PendingCall, Session
from wsocket.errors import ApplicationError, ConnectionLost

EXAMPLES = f"""\
output:
  A line for each session: its ID, and what the router tells of it: authid, authrole,
  authmethod, and the kind of its transport. With --json it is an object: what
  wamp.session.get returns. With --watch each line begins with + or -, and objects
  have "event": "join" or "leave". This command's own session is among them. After a
  lost connection the list is taken again: those who left or joined meanwhile are told.
  The realm must let you call wamp.session.list and wamp.session.get, and for --watch
  subscribe to the prefix wamp.session.

{STATUS}
examples:
  wsocket sessions ws://127.0.0.1:8080/
  wsocket sessions ws://127.0.0.1:8080/ --json | jq -r .authid
  wsocket sessions ws://127.0.0.1:8080/ --watch
"""

# How many sessions are asked for at once.
_BATCH = 100

_EVENTS = "wamp.session."
_NO_SUCH_SESSION = "wamp.error.no_such_session"
_SIGNS = {"join": "+ ", "leave": "- "}

Known = Mapping[str, Any]
"""What is told of a session: "session" is its ID."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments of ``wsocket sessions``."""
    parser.epilog = EXAMPLES
    add_connection(parser)
    parser.add_argument(
        "--watch", action="store_true", help="go on, and tell who comes and leaves"
    )
    parser.add_argument(
        "--json", action="store_true", help="print an object of JSON on each line"
    )
    add_staying(parser)


def run(options: argparse.Namespace) -> int:
    """List sessions, or follow them until Ctrl-C."""
    if options.watch:
        return _watch(options)
    with joined(options) as session:
        for known in _sessions(session):
            _show(known, json=options.json)
    return 0


def _watch(options: argparse.Namespace) -> int:
    with staying(options) as (session, stay):

        def handle(*args: Any, details: EventDetails) -> None:
            stay.put((details.topic, args))

        # One subscription, because its events come in order; and before the list, so
        # that nobody who joins meanwhile is missed.
        session.subscribe(_EVENTS, handle, match="prefix")
        for event, known in _changes(session, stay):
            _show(known, event=event, json=options.json)
    return 0


def _changes(session: Session, stay: Stay) -> Iterator[tuple[str, Known]]:
    """Who is there, and then who joins and leaves."""
    present: dict[int, Known] = {}
    yield from _difference(present, _sessions(session))
    for item in stay.items():
        if item is AGAIN:
            # What happened meanwhile was missed. If the connection is lost once more,
            # the next one brings the list.
            with suppress(ConnectionLost):
                yield from _difference(present, _sessions(session))
        else:
            yield from _difference_after(present, *item)


def _difference(
    present: dict[int, Known], listed: Iterator[Known]
) -> Iterator[tuple[str, Known]]:
    """Who has left and joined since *present*, which becomes what is listed."""
    now = {known["session"]: known for known in listed}
    for number in [each for each in present if each not in now]:
        yield "leave", present.pop(number)
    for number in [each for each in now if each not in present]:
        present[number] = now[number]
        yield "join", now[number]


def _difference_after(
    present: dict[int, Known], topic: str, args: Sequence[Any]
) -> Iterator[tuple[str, Known]]:
    """Who has joined or left, as an event says; *present* is kept up to date."""
    if topic == "wamp.session.on_join" and args:
        [known, *_] = args
        if present.setdefault(known["session"], known) is known:
            yield "join", known
    elif topic == "wamp.session.on_leave" and args:
        left = present.pop(args[0], None)
        if left is not None:
            yield "leave", left


def _sessions(session: Session) -> Iterator[Known]:
    """What is told of the sessions of the realm."""
    ids = session.call("wamp.session.list")
    for start in range(0, len(ids), _BATCH):
        batch = ids[start : start + _BATCH]
        for call in [session.start_call("wamp.session.get", each) for each in batch]:
            yield from _answer(call)


def _answer(call: PendingCall) -> Iterator[Known]:
    """What is told of a session, unless it has left meanwhile."""
    try:
        yield call.result()
    except ApplicationError as error:
        if error.error != _NO_SUCH_SESSION:
            raise


def _show(known: Known, *, event: str = "", json: bool) -> None:
    if json:
        put(as_json({"event": event, **known} if event else known))
        return
    rest = [
        f"{name}={_text(name, value)}"
        for name, value in known.items()
        if name != "session" and value is not None
    ]
    put(_SIGNS.get(event, "") + " ".join([str(known.get("session")), *rest]))


def _text(name: str, value: Any) -> str:
    """A value on a line for people: of a transport its kind alone, if that is told."""
    if name == "transport" and isinstance(value, dict):
        # Our routers say the one, Crossbar says the other, and much more.
        value = value.get("type") or value.get("channel_framing") or value
    return value if isinstance(value, str) else as_json(value)
