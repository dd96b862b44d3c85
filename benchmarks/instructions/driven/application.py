"""The application that does the work."""

from __future__ import annotations

from typing import Any

from benchmarks.instructions.driven.lockstep import PATIENCE
from benchmarks.instructions.driven.work import OWN
from wsocket import Limits, WSocketApp

# No pings and no ends of turns: they come with the clock.
LIMITS = Limits(ping_interval=0, turn=PATIENCE)


def make_app() -> WSocketApp:
    """A router, a page and an echo."""
    app = WSocketApp(protocol="WAMP", limits=LIMITS, join_timeout=PATIENCE)

    @app.route("/page")
    def page(environ: dict[str, Any], start_response: Any) -> str:
        start_response(200, {"Content-Type": "text/plain; charset=utf-8"})
        return "hello"

    @app.route("/echo")
    def echo(environ: dict[str, Any], start_response: Any) -> None:
        websocket = environ["wsgi.websocket"]
        for message in websocket:
            websocket.send(message)

    @app.register(OWN)
    def own(text: str) -> str:
        return text

    return app
