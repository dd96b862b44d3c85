"""``wsocket subscribe`` prints the events of a topic as they come."""

from __future__ import annotations

import argparse

from wsocket.cli.connecting import STATUS, check_uri
from wsocket.cli.events import OUTPUT, add_event_arguments, print_events
from wsocket.wamp.protocol.uris import MATCHES

EXAMPLES = f"""\
{OUTPUT}
{STATUS}
examples:
  wsocket subscribe ws://127.0.0.1:8080/ com.example.chat.room
  wsocket subscribe ws://127.0.0.1:8080/ com.example.reading --count 1 --json
  wsocket subscribe ws://127.0.0.1:8080/ com.example. --match prefix
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments of ``wsocket subscribe``."""
    parser.epilog = EXAMPLES
    add_event_arguments(parser)
    parser.add_argument("topic", metavar="TOPIC", help="its URI")
    parser.add_argument(
        "--match",
        choices=MATCHES,
        default="exact",
        help="how the topic is matched (%(default)s)",
    )


def run(options: argparse.Namespace) -> int:
    """Print events until Ctrl-C, or until there are as many as are wanted."""
    check_uri("TOPIC", options.topic, options.match)
    return print_events(options, options.topic, options.match)
