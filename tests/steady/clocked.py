"""What the tests of a clock that is set serve: all that waits for a time to pass."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from wsocket import Limits, LongPolling, WSocketApp


def served(ping: float) -> WSocketApp:
    """An application that pings after so many seconds, and waits as long again."""
    return WSocketApp(
        protocol="WAMP",
        limits=Limits(ping_interval=ping, ping_timeout=ping, messages_per_second=50.0),
        longpoll=LongPolling("/longpoll", poll_timeout=1.0),
    )


patient = served(10.0)
"""For clients that answer, on a machine that may be busy."""

hasty = served(1.0)
"""For clients that do not: they connect below ``/hasty/``."""

patient.register("com.example.quick", on_loop=True)("quick".upper)


def app(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
    """Both, told apart by the path."""
    chosen = hasty if environ["PATH_INFO"].startswith("/hasty/") else patient
    return chosen(environ, start_response)


@patient.route("/page")
def page(environ: dict[str, Any], start_response: Any) -> str:
    return "page"


@hasty.route("/hasty/waiting")
@patient.route("/waiting")
def waiting(environ: dict[str, Any], start_response: Any) -> None:
    """Say so when nobody has said anything for a second; then only listen."""
    websocket = environ["wsgi.websocket"]
    websocket.send('"begun"')
    if websocket.receive(timeout=1.0) is None:
        websocket.send('"waited"')
    websocket.receive()
