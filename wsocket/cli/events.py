"""Events of a topic or a pattern, printed as they come."""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from datetime import datetime, timezone
from typing import Any, NamedTuple

from msgspec import structs

from wsocket.cli import usage
from wsocket.cli.connecting import add_connection
from wsocket.cli.output import as_json, put, shown_payload
from wsocket.cli.staying import AGAIN, add_staying, staying
from wsocket.client import EventDetails
from wsocket.wamp.protocol.uris import Match

OUTPUT = """\
output:
  A line for each event: the time, the topic, the arguments as JSON. With --json it is
  an object: {"topic", "args", "kwargs", "details", "time"}, where details say who
  has published, if that is disclosed, and the time is UTC (ISO 8601).
  When the connection is lost, the command connects again; what was published
  meanwhile is missed.
"""


class ShownEvent(NamedTuple):
    """An event, and when it came."""

    args: Sequence[Any]
    kwargs: Mapping[str, Any]
    details: EventDetails
    time: datetime


def add_event_arguments(parser: argparse.ArgumentParser) -> None:
    """Options for what is printed, and how much of it."""
    add_connection(parser)
    parser.add_argument(
        "--count",
        metavar="N",
        type=usage.number(1),
        help="end after so many events (never)",
    )
    parser.add_argument(
        "--json", action="store_true", help="print an object of JSON on each line"
    )
    add_staying(parser)


def print_events(options: argparse.Namespace, topic: str, match: Match) -> int:
    """Subscribe, and print events until there are as many as are wanted.

    Args:
        topic: A topic or a pattern, which was checked.
    """
    shape = _as_object if options.json else _as_line
    with staying(options) as (session, stay):

        def handle(*args: Any, details: EventDetails, **kwargs: Any) -> None:
            now = datetime.now(timezone.utc)
            stay.put(ShownEvent(args, kwargs, details, now))

        session.subscribe(topic, handle, match=match)
        stay.tell(f"subscribed to {topic!r} ({match})")
        events = (item for item in stay.items() if item is not AGAIN)
        for number, event in enumerate(events, start=1):
            put(shape(event))
            if number == options.count:
                break
    return 0


def _as_line(event: ShownEvent) -> str:
    time = event.time.astimezone().strftime("%H:%M:%S")
    payload = shown_payload(event.args, event.kwargs)
    return f"{time} {event.details.topic} {payload}".rstrip()


def _as_object(event: ShownEvent) -> str:
    known = structs.asdict(event.details)
    del known["topic"]
    details = {key: value for key, value in known.items() if value is not None}
    return as_json(
        {
            "topic": event.details.topic,
            "args": event.args,
            "kwargs": event.kwargs,
            "details": details,
            "time": event.time.isoformat(timespec="milliseconds"),
        }
    )
