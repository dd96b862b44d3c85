"""The application behind the tests of the HTTP servers: a route for each behaviour."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any

import gevent

from tests.patience import SECONDS
from wsocket.core.web.routes import Routes, request_path
from wsocket.core.web.views import respond

routes = Routes()
go = threading.Event()
begun, closed = threading.Event(), threading.Event()


def app(environ: dict[str, Any], start_response: Callable[..., Any]) -> Any:
    """Strict WSGI applications live under /wsgi, handlers everywhere else."""
    path = request_path(environ)
    handler = routes.match(path)
    assert handler is not None, path
    if path.startswith("/wsgi"):
        return handler(environ, start_response)
    return respond(handler, environ, start_response, debug=False)


def route(path: str) -> Callable[[Any], Any]:
    def register(handler):
        routes[path] = handler
        return handler

    return register


@route("*")
def hello(environ, start_response):
    return "Hello World!"


@route("/steps")
def steps(environ, start_response):
    """The second item is not produced before somebody asks for /go."""
    go.clear()
    yield "one"
    go.wait(SECONDS)
    yield "two"


@route("/go")
def let_go(environ, start_response):
    go.set()


@route("/endless")
def endless(environ, start_response):
    """Sends until the client is gone."""
    closed.clear()
    try:
        while True:
            yield b"x" * 65536
    finally:
        closed.set()


@route("/endless/lines")
def endless_lines(environ, start_response):
    while True:
        yield b"x" * 1000


@route("/endless/empty")
def endless_empty(environ, start_response):
    """Has nothing to send yet, again and again (PEP 3333)."""
    yield b"begin"
    yield from nothing()


@route("/endless/empty/at-once")
def empty_from_the_beginning(environ, start_response):
    return nothing()


@route("/wsgi/endless/empty")
def wsgi_empty(environ, start_response):
    start_response("200 OK", [])
    return nothing()


def nothing():
    closed.clear()
    begun.set()
    try:
        while True:
            yield b""
    finally:
        begun.clear()
        closed.set()


@route("/endless/begun")
def has_begun(environ, start_response):
    return str(begun.wait(SECONDS))


@route("/then-nothing")
def then_nothing(environ, start_response):
    yield b"one"
    yield b""


@route("/nothing-then")
def nothing_then(environ, start_response):
    """Goes on when somebody asks for /go."""
    go.clear()
    begun.set()
    go.wait(SECONDS)
    begun.clear()
    yield b""
    yield b"two"


@route("/waits")
def waits(environ, start_response):
    """Has nothing to send for longer than the server waits to look for its client."""
    end = time.monotonic() + 1.5
    while time.monotonic() < end:
        yield b""
    yield b"now"


@route("/endless/closed")
def was_closed(environ, start_response):
    return str(closed.wait(SECONDS))


@route("/echo")
def echo(environ, start_response):
    start_response(200, {"Content-Type": environ.get("CONTENT_TYPE", "text/plain")})
    return environ["wsgi.input"].read()


@route("/first-byte")
def first_byte(environ, start_response):
    return environ["wsgi.input"].read(1)


@route("/large")
def large(environ, start_response):
    return b"x" * 10_000_000


@route("/failing")
def failing(environ, start_response):
    yield "begun"
    raise ValueError("in the middle")


@route("/broken")
def broken(environ, start_response):
    raise ValueError("at once")


@route("/exit")
def leave(environ, start_response):
    raise SystemExit("a handler may not stop the server")


@route("/environ")
def show_environ(environ, start_response):
    return "\n".join(f"{key}={value}" for key, value in environ.items())


@route("/empty")
def empty(environ, start_response):
    start_response(204)


@route("/wsgi/list")
def wsgi_list(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [b"one", b"", b"two"]


@route("/wsgi/iterator")
def wsgi_iterator(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain")])
    return iter([b"", b"one", b"", b"two"])


@route("/wsgi/nothing")
def wsgi_nothing(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain")])
    return iter([])


@route("/wsgi/write")
def wsgi_write(environ, start_response):
    write = start_response("200 OK", [("Content-Type", "text/plain")])
    write(b"one")
    return [b"two"]


@route("/wsgi/short")
def wsgi_short(environ, start_response):
    start_response("200 OK", [("Content-Length", "5")])
    return iter([b"one"])


@route("/wsgi/long")
def wsgi_long(environ, start_response):
    start_response("200 OK", [("Content-Length", "5")])
    return iter([b"one", b"two"])


@route("/wsgi/failing")
def wsgi_failing(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain")])
    yield b"begun"
    raise ValueError("in the middle")


@route("/wsgi/broken")
def wsgi_broken(environ, start_response):
    raise ValueError("at once")


@route("/wsgi/exit")
def wsgi_exit(environ, start_response):
    raise SystemExit("a handler may not stop the server")


@route("/wsgi/timeout")
def wsgi_timeout(environ, start_response):
    raise gevent.Timeout(1)


@route("/wsgi/silent")
def wsgi_silent(environ, start_response):
    return [b"no start_response"]


@route("/wsgi/twice")
def wsgi_twice(environ, start_response):
    start_response("200 OK", [])
    start_response("200 OK", [])


@route("/wsgi/replaced")
def wsgi_replaced(environ, start_response):
    start_response("200 OK", [("X-A", "1")])
    error = ValueError("x")
    start_response("503 Busy", [("X-B", "2")], (ValueError, error, None))
    return [b"sorry"]


@route("/wsgi/split")
def wsgi_split(environ, start_response):
    start_response("200 OK", [("X-A", "1\r\nX-B: 2")])
    return []


@route("/wsgi/status")
def wsgi_status(environ, start_response):
    start_response("200 OK\r\nX-B: 2", [])
    return []


@route("/wsgi/taken")
def wsgi_taken(environ, start_response):
    """What the takeover of a websocket leaves to the server."""
    environ["wsocket.connection"].sock.sendall(b"taken over")
    start_response("101 Switching Protocols", [])
    return []
