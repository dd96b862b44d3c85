"""A router and an echo that take large messages."""

from __future__ import annotations

from typing import Any

from wsocket import Limits, WSocketApp

LARGEST = 32 * 2**20

app = WSocketApp(
    protocol="WAMP", max_message_size=LARGEST, limits=Limits(outbox_bytes=2 * LARGEST)
)


@app.route("/echo")
def echo(environ: dict[str, Any], start_response: Any) -> None:
    ws = environ["wsgi.websocket"]
    for message in ws:
        ws.send(message)
