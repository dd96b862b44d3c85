"""The application behind the tests of HTTPS and wss: a route for each behaviour."""

from __future__ import annotations

import os
import ssl
import threading
from time import sleep
from typing import Any

from tests.patience import SECONDS
from wsocket import WSocketApp, run

SIZE = 5 * 2**20

app = WSocketApp(protocol="WAMP", max_message_size=2 * SIZE)
closed = threading.Event()


@app.route("*")
def hello(environ: dict[str, Any], start_response: Any) -> str:
    return "Hello World!"


@app.route("/environ")
def show_environ(environ, start_response):
    return "\n".join(f"{key}={value}" for key, value in environ.items())


@app.route("/echo")
def echo(environ, start_response):
    websocket = environ.get("wsgi.websocket")
    if websocket is None:
        start_response(200, {"Content-Type": "application/octet-stream"})
        return environ["wsgi.input"].read()
    for message in websocket:
        websocket.send(message)
    return None


@app.route("/large")
def large(environ, start_response):
    return b"x" * SIZE


@app.route("/endless")
def endless(environ, start_response):
    """Sends until the client is gone."""
    closed.clear()
    try:
        while True:
            yield b"x" * 65536
    finally:
        closed.set()


@app.route("/endless/closed")
def was_closed(environ, start_response):
    return str(closed.wait(SECONDS))


@app.route("/failing")
def failing(environ, start_response):
    yield "begun"
    raise ValueError("in the middle")


@app.route("/descriptors")
def descriptors(environ, start_response):
    """How many there are, once they are as few as the query asks for, or after 15 s."""
    wanted = int(environ["QUERY_STRING"] or "100000")
    for _ in range(150):
        if (count := len(os.listdir("/proc/self/fd"))) <= wanted:
            break
        sleep(0.1)
    return str(count)


def serve(certfile: str, *, timeout: float = 30.0, **settings: Any) -> None:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certfile)
    run(app, port=0, ssl_context=context, timeout=timeout, **settings)
