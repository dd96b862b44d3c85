"""Heads of HTTP requests: what is accepted is plainly HTTP, also to another parser."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterable

import h11

from tests.fuzz.byte_source import ByteSource, portions
from wsocket.core.http.reader import RequestReader
from wsocket.core.http.request import Request
from wsocket.core.http.request_body import RequestBody
from wsocket.errors import RequestError

REQUESTS = 5  # of one connection
TOKEN = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")
STATUS = re.compile(r"[45]\d\d [A-Za-z -]+")


class Arriving:
    """What a reader needs of a socket: the bytes come in portions, and then the end."""

    def __init__(self, parts: Iterable[bytes]) -> None:
        self._parts = [part for part in parts if part]

    def recv_into(self, buffer: memoryview) -> int:
        if not self._parts:
            return 0
        part = self._parts.pop(0)
        taken = part[: len(buffer)]
        buffer[: len(taken)] = taken
        if len(taken) < len(part):
            self._parts.insert(0, part[len(taken) :])
        return len(taken)

    def _decref_socketios(self) -> None:
        """`socket.SocketIO` says that it is closed."""


def run_one(data: bytes) -> object:
    """Read requests; the first bytes say in which portions they come."""
    source = ByteSource(data)
    sizes = source.take(3)
    wire = source.rest()
    whole = requests([wire])
    again = requests(portions(wire, sizes))
    assert list(map(understood, again)) == list(map(understood, whole))
    return whole


def understood(outcome: object) -> object:
    """Where two things are wrong, the portions decide which of them is named."""
    return "refused" if isinstance(outcome, str) else outcome


def requests(parts: Iterable[bytes]) -> list[object]:
    """What is known of the requests on one connection."""
    reader = RequestReader(Arriving(parts), 1000.0)
    found: list[object] = []
    while len(found) < REQUESTS:
        try:
            request = reader.next_request()
        except RequestError as error:
            assert STATUS.fullmatch(error.status)
            return [*found, error.status]
        if request is None:
            return found
        check(request)
        found.append((request.line, request.fields, request.keeps_alive))
        if request.length is None:  # what follows are chunks
            return found
        body = RequestBody(reader.buffer, request.length)
        with contextlib.suppress(RequestError):  # it ends too early
            body.stream().read(request.length)
    return found


def check(request: Request) -> None:
    """What holds for every request that is accepted."""
    assert TOKEN.fullmatch(request.method)
    assert not set(request.target) & set(" \r\n\0")
    assert request.length is None or request.length >= 0
    for name, value in request.fields.items():
        assert TOKEN.fullmatch(name)
        assert name == name.lower()
        assert not set(value) & set("\r\n\0")
    for key, value in request.environ().items():
        assert isinstance(value, str)
        value.encode("latin-1")  # PEP 3333
        assert TOKEN.fullmatch(key)
    check_with_another_parser(request)


def check_with_another_parser(request: Request) -> None:
    """h11 reads the same request, written from what was understood."""
    lines = [f"{name}: {value}" for name, value in request.fields.items()]
    head = "\r\n".join((request.line, *lines, "", "")).encode("latin-1")
    judge = h11.Connection(h11.SERVER, max_incomplete_event_size=2**20)
    judge.receive_data(head)
    event = judge.next_event()
    assert isinstance(event, h11.Request), event
    assert event.method.decode() == request.method
    assert event.target.decode("latin-1") == request.line.split(" ")[1]
