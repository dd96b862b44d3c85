"""``wsocket publish`` publishes an event, and waits until the router has it."""

from __future__ import annotations

import argparse

from wsocket.cli import arguments
from wsocket.cli.arguments import given_arguments
from wsocket.cli.connecting import STATUS, add_connection, check_uri, joined
from wsocket.cli.output import as_json, put
from wsocket.wamp.protocol.client_messages import PublishOptions

EXAMPLES = f"""\
{arguments.HELP}
{STATUS}
examples:
  wsocket publish ws://127.0.0.1:8080/ com.example.chat.room hello
  wsocket publish ws://127.0.0.1:8080/ com.example.reading 20.5 unit=celsius --retain
  jq -c '[.temperature]' today.json |
    wsocket publish ws://127.0.0.1:8080/ com.example.reading -
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments of ``wsocket publish``."""
    parser.epilog = EXAMPLES
    add_connection(parser)
    parser.add_argument("topic", metavar="TOPIC", help="its URI")
    arguments.add_arguments(parser)
    parser.add_argument(
        "--retain",
        action="store_true",
        help="keep the event for whoever subscribes later and asks for it",
    )
    parser.add_argument(
        "--json", action="store_true", help="print the ID of the publication as JSON"
    )


def run(options: argparse.Namespace) -> int:
    """Publish, and wait for the acknowledgement."""
    given = given_arguments(options, not_keywords=("acknowledge", "options"))
    check_uri("TOPIC", options.topic, ours=True)
    with joined(options) as session:
        publication = session.publish(
            options.topic,
            *given.args,
            acknowledge=True,
            options=PublishOptions(retain=options.retain),
            **given.kwargs,
        )
    if options.json:
        put(as_json({"publication": publication}))
    return 0
