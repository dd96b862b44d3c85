"""What the test of forgotten websockets serves, without a garbage collector."""

from __future__ import annotations

import gc
import weakref
from typing import Any

from wsocket import WebSocket, WSocketApp

gc.disable()  # what nobody refers to is freed all the same

app = WSocketApp()
seen: list[weakref.ref[WebSocket]] = []


@app.route("/echo")
def echo(environ: dict[str, Any], start_response: Any) -> None:
    websocket = environ["wsgi.websocket"]
    seen.append(weakref.ref(websocket))
    for message in websocket:
        websocket.send(message)


@app.route("/broken")
def broken(environ: dict[str, Any], start_response: Any) -> None:
    echo(environ, start_response)
    raise ValueError("after the end")


@app.route("/left")
def left(environ: dict[str, Any], start_response: Any) -> str:
    """How many websockets are still in memory."""
    return str(sum(each() is not None for each in seen))
