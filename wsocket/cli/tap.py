"""``wsocket tap`` prints the events of all topics that fit a pattern."""

from __future__ import annotations

import argparse

from wsocket.cli.connecting import STATUS, check_uri
from wsocket.cli.events import OUTPUT, add_event_arguments, print_events
from wsocket.cli.usage import UsageError
from wsocket.wamp.protocol.uris import Match

EXAMPLES = f"""\
patterns, as WAMP has them:
  com.example.     a prefix: every topic that begins with it
  com..created     a wildcard, with one component or more left out: com.user.created,
                   com.order.created, but not com.shop.order.created

{OUTPUT}
{STATUS}
examples:
  wsocket tap ws://127.0.0.1:8080/ com.example.
  wsocket tap ws://127.0.0.1:8080/ com..created --json | jq --unbuffered .args
  wsocket tap ws://127.0.0.1:8080/ wamp.session.
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments of ``wsocket tap``."""
    parser.epilog = EXAMPLES
    add_event_arguments(parser)
    parser.add_argument(
        "pattern", metavar="PATTERN", help="a prefix, or with .. in it a wildcard"
    )


def run(options: argparse.Namespace) -> int:
    """Print events until Ctrl-C, or until there are as many as are wanted."""
    pattern: str = options.pattern
    match = _match(pattern)
    if "*" in pattern:
        raise UsageError(
            "PATTERN: in WAMP * is a character like others: expected a prefix such as "
            "com.example., or a wildcard that leaves components out, such as "
            f"com..created, got {pattern!r:.100}"
        )
    check_uri("PATTERN", pattern, match)
    return print_events(options, pattern, match)


def _match(pattern: str) -> Match:
    """A pattern that leaves a component out is a wildcard.

    The last one left out makes it a prefix, which is more: all that may follow.
    """
    is_wildcard = pattern.startswith(".") or ".." in pattern
    return "wildcard" if is_wildcard else "prefix"
