"""wsocket: a router whose realm has roles, a plain websocket echo and an HTTP page.

python wsocket_app.py gevent|threads PORT
"""

from __future__ import annotations

import sys

if sys.argv[1] == "gevent":
    from gevent import monkey

    monkey.patch_all()

from typing import Any

from wsocket import Limits, Permission, Realm, Role, WSocketApp, run

# All is as it comes, but for two limits: some scenarios send messages of 64 MiB, and in
# another one session has 100,000 subscriptions.
LARGEST_MESSAGE = 128 * 2**20
SUBSCRIPTIONS = 200_000

app = WSocketApp(
    protocol="WAMP",
    realm=Realm(
        "realm1",
        subscriptions=SUBSCRIPTIONS,
        pattern_subscriptions=SUBSCRIPTIONS,
        roles=[
            Role(
                "anonymous",
                [
                    Permission(
                        "com.example.",
                        match="prefix",
                        allow=["call", "register", "publish", "subscribe"],
                    )
                ],
            )
        ],
    ),
    max_message_size=LARGEST_MESSAGE,
    limits=Limits(outbox_bytes=2 * LARGEST_MESSAGE),
)


@app.route("/")
def index(environ: dict[str, Any], start_response: Any) -> str:
    return "Hello World!"


@app.route("/echo")
def echo(environ: dict[str, Any], start_response: Any) -> None:
    ws = environ["wsgi.websocket"]
    for message in ws:
        ws.send(message)


run(app, port=int(sys.argv[2]))
