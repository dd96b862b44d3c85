"""What the tests of a clock that is set serve: all that waits for a time to pass."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from wsocket import Limits, LongPolling, Realm, WSocketApp


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


asked: dict[float, int] = {}


def guarded(ttl: float) -> WSocketApp:
    """An application that keeps an authorizer's answers, and counts its questions."""
    asked[ttl] = 0

    def authorize(request: Any) -> bool:
        asked[ttl] += 1
        return True

    realm = Realm("realm1", authorizer=authorize, authorizer_ttl=ttl)
    made = WSocketApp(protocol="WAMP", realm=realm)
    made.register("com.example.asked", on_loop=True)(lambda: asked[ttl])
    return made


GUARDED = {"/kept/": guarded(1000.0), "/forgotten/": guarded(0.5)}


def app(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
    """All of them, told apart by the path."""
    path = environ["PATH_INFO"]
    chosen = hasty if path.startswith("/hasty/") else GUARDED.get(path, patient)
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
