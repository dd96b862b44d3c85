"""What the tests of draining serve: views and calls that end when they are told to."""

from __future__ import annotations

import threading
from typing import Any

from tests.patience import SECONDS
from wsocket import WSocketApp


class Site(WSocketApp):
    """Tells `begun` of each request that asks for messages."""

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Any:
        if environ["PATH_INFO"].endswith("/receive"):
            begun.release()
        return super().__call__(environ, start_response)


app = Site(protocol="WAMP", longpoll="/longpoll")
go = threading.Event()
begun = threading.Semaphore(0)


def wait() -> str:
    """Return when somebody says so, which `begun` is told before."""
    begun.release()
    return "told" if go.wait(SECONDS) else "never told"


@app.route("/quick")
def quick(environ: dict[str, Any], start_response: Any) -> str:
    return "quick"


@app.route("/wait")
def wait_in_view(environ: dict[str, Any], start_response: Any) -> str:
    return wait()


@app.route("/control")
def control(environ: dict[str, Any], start_response: Any) -> None:
    """Answers "begun" when something more has begun; "go" ends everything."""
    websocket = environ["wsgi.websocket"]
    for message in websocket:
        if message == "begun?":
            begun.acquire(timeout=SECONDS)
            websocket.send("begun")
        elif message == "go":
            go.set()


app.register("com.example.wait")(wait)
app.register("com.example.quick")(quick.__name__.upper)
