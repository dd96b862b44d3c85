"""Handlers asked as a WSGI server would, with wsgiref's validator in between."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial
from wsgiref.util import setup_testing_defaults
from wsgiref.validate import validator

from wsocket.core.web.views import respond

HTML = "text/html; charset=utf-8"
BINARY = "application/octet-stream"


@dataclass
class Answer:
    """What a server was given for one request."""

    status: str = ""
    headers: dict[str, str] = field(default_factory=dict)
    items: list[bytes] = field(default_factory=list)
    started: int = 0

    @property
    def body(self) -> bytes:
        return b"".join(self.items)

    def start_response(self, status, headers, exc_info=None):
        self.status, self.headers = status, dict(headers)
        self.started += 1
        return self.items.append


def environ_for(method: str = "GET", path: str = "/", **more) -> dict:
    environ = {
        "REQUEST_METHOD": method,
        "PATH_INFO": path,
        "QUERY_STRING": "",
        "SCRIPT_NAME": "",
        **more,
    }
    setup_testing_defaults(environ)
    return environ


def ask(handler, method: str = "GET", *, debug: bool = False, **environ) -> Answer:
    """Send one request, with wsgiref's validator in the server's place."""
    answer = Answer()
    app = validator(partial(respond, handler, debug=debug))
    chunks = app(environ_for(method, **environ), answer.start_response)
    try:
        for chunk in chunks:
            answer.items.append(chunk)
    finally:
        chunks.close()
    return answer


def answering(result, *start):
    """A handler that returns `result` and calls start_response with `start`, if any."""

    def handler(environ, start_response):
        if start:
            start_response(*start)
        return result

    return handler


class Closable:
    """An iterable that knows whether it was closed."""

    def __init__(self, *items, error: BaseException | None = None) -> None:
        self.items = iter(items)
        self.error = error
        self.closed = 0

    def __iter__(self):
        return self

    def __next__(self):
        for item in self.items:
            return item
        raise self.error or StopIteration

    def close(self) -> None:
        self.closed += 1


def begin(handler, answer: Answer | None = None, **environ):
    """Send one request and return what the server is to iterate over."""
    start_response = (answer or Answer()).start_response
    return respond(handler, environ_for(**environ), start_response, debug=False)
