"""A client that is gone is no error, wherever it goes: a line at DEBUG at most."""

from __future__ import annotations

import itertools
import re
import socket
import struct
import time
from collections.abc import Iterator

import pytest

from tests.core.http.http_client import (
    KINDS,
    Client,
    fetch,
    run_app,
)
from tests.patience import SECONDS
from tests.programs import Server
from tests.servers.clients import upgrade_request

APP = "tests.core.http.careless_site"
LINE = re.compile(r"\d{4}-\d\d-\d\d .*? (?P<level>[A-Z]+) wsocket: ")
ACCESS = re.compile(r"127\.0\.0\.1 - - \[")


@pytest.fixture(scope="module", params=KINDS)
def server(processes, request, tmp_path_factory) -> Iterator[Server]:
    """A server whose log shows everything."""
    with run_app(request.param, tmp_path_factory, module=APP) as started:
        yield started


COUNT = "/routed/connections"


class NewLines:
    """What a server has logged since this was made, but for our own requests."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self._before = len(server.log.read_text())

    def __call__(self) -> list[str]:
        """The lines when the server has let go of every client that has gone."""
        deadline = time.monotonic() + SECONDS
        while fetch(self._server, COUNT)[1] != b"1":
            assert time.monotonic() < deadline, self._lines()
        return self._lines()

    def _lines(self) -> list[str]:
        lines = self._server.log.read_text()[self._before :].splitlines()
        return [line for line in lines if COUNT not in line]


@pytest.fixture
def new_lines(server) -> NewLines:
    """The lines of this test."""
    return NewLines(server)


def leave_properly(client: Client) -> None:
    client.sock.close()


def reset(client: Client) -> None:
    """As a process does that is killed while it has unread bytes."""
    client.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    client.sock.close()


def stop_sending(client: Client) -> None:
    """The client still reads what is answered."""
    client.sock.shutdown(socket.SHUT_WR)
    client.rest()


LEAVE = [leave_properly, reset, stop_sending]
HEADS = [b"", b"\r", b"\r\n", b"G", b"GET / HTTP/1.1\r\nHos", b"GET /alive\r\n\r"]


def events(found: list[str]) -> list[str]:
    """The lines without those of the access log."""
    return [line for line in found if not ACCESS.match(line)]


def assert_quiet(lines: list[str]) -> None:
    """At most one line, at DEBUG."""
    found = events(lines)
    assert len(found) <= 1, found
    assert all(LINE.match(line)["level"] == "DEBUG" for line in found), found


@pytest.mark.parametrize("leave", LEAVE)
@pytest.mark.parametrize("sent", HEADS)
def test_client_may_leave_before_its_request_is_complete(
    server, connect, new_lines, sent, leave
):
    """Port scanners and health checks do."""
    client = connect(server)
    client.sock.sendall(sent)
    leave(client)
    assert_quiet(new_lines())


UPLOADS = {
    "length": (b"Content-Length: 1000", b"abc"),
    "chunk": (b"Transfer-Encoding: chunked", b"5\r\nabc"),
    "size of a chunk": (b"Transfer-Encoding: chunked", b"5"),
    "trailers": (b"Transfer-Encoding: chunked", b"0\r\nA: b\r\n"),
    "form": (b"Content-Length: 1000", b'--x\r\nContent-Disposition: form-data; name="'),
}
MULTIPART = b"Content-Type: multipart/form-data; boundary=x"
READERS = ["/read", "/routed/read", "/flask/data", "/flask/form", "/wrapped/flask/data"]


@pytest.mark.parametrize("leave", LEAVE)
@pytest.mark.parametrize(
    ("path", "upload"),
    [
        *itertools.product(READERS, UPLOADS),
        # Django reads no chunks.
        *itertools.product(["/django/data", "/django/form"], ["length", "form"]),
    ],
)
def test_upload_may_break_off(server, connect, new_lines, path, upload, leave):
    """No framework holds it for a failure, and none gets half of the body."""
    header, body = UPLOADS[upload]
    client = connect(server)
    client.get(path.encode(), header, MULTIPART, method=b"POST")
    client.sock.sendall(body)
    leave(client)
    assert_quiet(new_lines())
    if leave is stop_sending:
        assert client.received.startswith(b"HTTP/1.1 400 Bad Request\r\n")


@pytest.mark.parametrize("path", READERS)
def test_upload_that_breaks_http_is_refused(server, connect, new_lines, path):
    """With the reason, and without a traceback."""
    client = connect(server)
    client.get(path.encode(), UPLOADS["chunk"][0], MULTIPART, method=b"POST")
    client.sock.sendall(b"5 \r\nabcde\r\n0\r\n\r\n")
    received = client.rest()
    assert received.startswith(b"HTTP/1.1 400 Bad Request\r\n")
    assert b"malformed chunk size" in received
    assert len(new_lines()) == 1


@pytest.mark.parametrize("leave", [leave_properly, reset])
@pytest.mark.parametrize("path", ["/large", "/lines"])
def test_client_may_leave_during_its_response(server, connect, new_lines, path, leave):
    """Nobody is there to read the rest."""
    client = connect(server)
    client.get(path.encode(), b"Transfer-Encoding: chunked", method=b"POST")
    client.sock.sendall(b"2\r\na\n\r\n")
    client.head()
    leave(client)
    assert_quiet(new_lines())


@pytest.mark.parametrize("leave", [leave_properly, reset])
@pytest.mark.parametrize("waits", [True, False])
def test_client_may_leave_around_its_upgrade(server, connect, new_lines, waits, leave):
    """Right after the request, or after the answer."""
    for _ in range(20):
        client = connect(server)
        client.sock.sendall(upgrade_request("/routed/alive"))
        if waits:
            client.head()
        leave(client)
    found = events(new_lines())
    assert not [line for line in found if "Traceback" in line]
    assert {LINE.match(line)["level"] for line in found} <= {"DEBUG", "INFO"}
