"""What the tests of a clock that is set serve: all that waits for a time to pass."""

from __future__ import annotations

from typing import Any

from wsocket import Limits, LongPolling, WSocketApp

app = WSocketApp(
    protocol="WAMP",
    limits=Limits(ping_interval=1.0, ping_timeout=1.0, messages_per_second=50.0),
    longpoll=LongPolling("/longpoll", poll_timeout=1.0),
)
app.register("com.example.quick", on_loop=True)("quick".upper)


@app.route("/page")
def page(environ: dict[str, Any], start_response: Any) -> str:
    return "page"


@app.route("/waiting")
def waiting(environ: dict[str, Any], start_response: Any) -> None:
    """Say so when nobody has said anything for a second; then only listen."""
    websocket = environ["wsgi.websocket"]
    websocket.send('"begun"')
    if websocket.receive(timeout=1.0) is None:
        websocket.send('"waited"')
    websocket.receive()
