"""WSGI applications that do what they must not, at a path each."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import repeat
from typing import Any

import gevent
from greenlet import GreenletExit

Start = Callable[..., Any]
App = Callable[[dict[str, Any], Start], Any]

ENDINGS: dict[str, type[BaseException]] = {
    "interrupt": KeyboardInterrupt,
    "exit": SystemExit,
    "kill": GreenletExit,
    "generator": GeneratorExit,
    "timeout": gevent.Timeout,
    "base": BaseException,
}
BODIES: dict[str, Callable[[], Any]] = {
    "str": lambda: iter(["text"]),
    "int": lambda: iter([5]),
    "none": lambda: iter([None]),
    "empty-str": lambda: iter([""]),
    "list-of-str": lambda: ["text"],
    "bytes-itself": lambda: b"text",
    "str-itself": lambda: "text",
    "nothing": lambda: None,
    "number": lambda: 5,
    "fails": lambda: failing(),
    "late-str": lambda: iter([b"begun", "text"]),
}
GOOD_BODIES: dict[str, Callable[[], Any]] = {
    "bytearray": lambda: [bytearray(b"te"), memoryview(b"xt")],
    "memoryviews": lambda: iter([memoryview(b"te"), b"", bytearray(b"xt")]),
    "no-close": lambda: (b"te", b"xt"),
}


STARTS: dict[str, tuple[Any, ...]] = {
    "nothing": (),
    "no headers": ("200 OK",),
    "int": (200, []),
    "bytes": (b"200 OK", []),
    "none": (None, []),
    "no reason": ("200", []),
    "zero": ("000 Zero", []),
    "text": ("OK", []),
    "emoji": ("200 \U0001f600", []),
    "headers none": ("200 OK", None),
    "headers str": ("200 OK", "A: b"),
    "header str": ("200 OK", ["A: b"]),
    "header triple": ("200 OK", [("A", "b", "c")]),
    "bytes header": ("200 OK", [(b"A", b"b")]),
    "none header": ("200 OK", [("A", None)]),
    "hop by hop and bytes": ("200 OK", [("Connection", "close"), (b"A", b"b")]),
    "two lengths": ("200 OK", [("Content-Length", "4"), ("content-length", "4")]),
    "signed length": ("200 OK", [("Content-Length", "+4")]),
    "no exc_info": ("200 OK", [], "an error"),
}


def failing() -> Iterator[bytes]:
    raise ValueError("before the first item")
    yield b""


def says(status: str, *headers: tuple[str, str], body: Any = (b"body",)) -> App:
    def app(environ: dict[str, Any], start_response: Start) -> Any:
        start_response(status, list(headers))
        return body

    return app


def raising(kind: type[BaseException]) -> App:
    def app(environ: dict[str, Any], start_response: Start) -> Any:
        raise kind

    return app


def raising_late(kind: type[BaseException]) -> App:
    def app(environ: dict[str, Any], start_response: Start) -> Iterator[bytes]:
        start_response("200 OK", [])
        yield b"begun"
        raise kind

    return app


def raising_in_close(kind: type[BaseException]) -> App:
    class Body(list[bytes]):
        def close(self) -> None:
            raise kind

    return says("200 OK", body=Body([b"whole"]))


def returning(make: Callable[[], Any]) -> App:
    def app(environ: dict[str, Any], start_response: Start) -> Any:
        start_response("200 OK", [])
        return make()

    return app


def starting(*arguments: Any) -> App:
    """Call start_response wrongly, or twice if it is not wrong by itself."""

    def app(environ: dict[str, Any], start_response: Start) -> Any:
        start_response(*arguments)
        start_response("200 OK", [])
        return [b"body"]

    return app


def writing(*items: Any) -> App:
    def app(environ: dict[str, Any], start_response: Start) -> Any:
        write = start_response("200 OK", [])
        for item in items:
            write(item)
        return []

    return app


kept: list[Callable[[bytes], object]] = []


def keeping_write(environ: dict[str, Any], start_response: Start) -> Any:
    kept[:] = [start_response("200 OK", [])]
    return [b"whole"]


def using_kept_write(environ: dict[str, Any], start_response: Start) -> Any:
    """Write into a response that was over long ago."""
    kept[0](b"smuggled")
    return []


def reading(environ: dict[str, Any], start_response: Start) -> Any:
    body = environ["wsgi.input"].read()
    start_response("200 OK", [])
    return [b"%d bytes" % len(body)]


def reading_slowly(environ: dict[str, Any], start_response: Start) -> Iterator[bytes]:
    """Answer line by line while the body comes."""
    start_response("200 OK", [])
    yield from environ["wsgi.input"]


paths: dict[str, App] = {
    **{f"/body/{name}": returning(make) for name, make in BODIES.items()},
    **{f"/good/{name}": returning(make) for name, make in GOOD_BODIES.items()},
    **{f"/raise/{name}": raising(kind) for name, kind in ENDINGS.items()},
    **{f"/middle/{name}": raising_late(kind) for name, kind in ENDINGS.items()},
    **{f"/close/{name}": raising_in_close(kind) for name, kind in ENDINGS.items()},
    **{f"/start/{name}": starting(*them) for name, them in STARTS.items()},
    "/start/twice": starting("200 OK", []),
    "/write/str": writing("text"),
    "/write/none": writing(None),
    "/write/late-str": writing(b"begun", "text"),
    "/write/keep": keeping_write,
    "/write/kept": using_kept_write,
    "/status/100": says("100 Continue"),
    "/status/101": says("101 Switching Protocols"),
    "/status/103": says("103 Early Hints", ("Link", "</a>")),
    "/status/204": says("204 No Content", ("Content-Length", "0"), body=[]),
    "/status/204-body": says("204 No Content", ("Content-Length", "4")),
    "/status/304": says("304 Not Modified", ("Content-Length", "4"), ("ETag", '"1"')),
    "/status/205": says("205 Reset Content", ("Content-Length", "4")),
    "/status/coded": says(
        "204 No Content", ("Transfer-Encoding", "chunked"), body=iter([b"body"])
    ),
    "/endless": says("200 OK", body=repeat(b"x")),
    "/endless/204": says("204 No Content", body=repeat(b"x")),
    "/hop": says(
        "200 OK",
        ("Connection", "keep-alive, X-Private"),
        ("Keep-Alive", "timeout=5"),
        ("X-Private", "secret"),
        ("transfer-encoding", "chunked"),
        ("Proxy-Connection", "close"),
        ("Upgrade", "h2c"),
        ("X-Public", "kept"),
    ),
    "/read": reading,
    "/lines": reading_slowly,
    "/large": says("200 OK", body=(b"x" * 20_000_000,)),
    "/alive": says("200 OK"),
}
