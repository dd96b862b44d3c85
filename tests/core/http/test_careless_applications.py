"""Applications that break WSGI, or raise what is no `Exception`, on both servers."""

from __future__ import annotations

import signal
import sys
from collections.abc import Iterator
from urllib.parse import quote

import pytest
import websocket

from tests.core.http.careless_app import BODIES, ENDINGS, GOOD_BODIES, STARTS
from tests.core.http.http_client import (
    KINDS,
    PATCHED,
    Connect,
    connections,
    exchange,
    fetch,
    run_app,
)
from tests.patience import SECONDS
from tests.programs import Server, running

APP = "tests.core.http.careless_site"
TOO_LATE = ("late-str",)  # the error comes after the first byte


@pytest.fixture(scope="module", params=KINDS)
def server(processes, request, tmp_path_factory) -> Iterator[Server]:
    """A server with the usual patience."""
    with run_app(request.param, tmp_path_factory, module=APP) as started:
        yield started


def get(connect: Connect, server: Server, path: str, *lines: bytes) -> bytes:
    """Everything that is answered to a request that is the last one."""
    first = f"GET {path} HTTP/1.1".encode()
    return exchange(connect, server, first, b"Host: a", b"Connection: close", *lines)


def is_alive(server: Server) -> bool:
    return fetch(server, "/alive")[1] == b"body"


def tracebacks(server: Server) -> int:
    """How many are in the log."""
    return server.log.read_text().count("Traceback")


# Bodies


@pytest.mark.parametrize(
    "path",
    [f"/body/{name}" for name in BODIES if name not in TOO_LATE]
    + ["/write/str", "/write/none"],
)
def test_body_that_is_not_bytes_is_a_500(server, path):
    """The client gets an answer, and the log says what was wrong."""
    before = tracebacks(server)
    response, body = fetch(server, path)
    assert response.status == 500
    assert body.startswith(b"500 Internal Server Error: the application failed")
    assert tracebacks(server) == before + 1


@pytest.mark.parametrize(
    ("path", "problem"),
    [
        ("/body/str", "one of its items is 'text' (str)"),
        ("/body/int", "one of its items is 5 (int)"),
        ("/body/bytes-itself", "one of its items is 116 (int)"),
        ("/body/none", "one of its items is None (NoneType)"),
        ("/write/str", "one of its items is 'text' (str)"),
    ],
)
def test_log_says_what_is_no_bytes(server, path, problem):
    """And what is expected."""
    fetch(server, path)
    expected = "TypeError: the body must be an iterable of bytes; "
    assert expected + problem in server.log.read_text()


@pytest.mark.parametrize("path", ["/body/late-str", "/write/late-str"])
def test_wrong_item_after_the_first_byte_leaves_the_chunks_open(server, connect, path):
    """The client must not take what it has for the whole."""
    assert get(connect, server, path).endswith(b"\r\n\r\n5\r\nbegun\r\n")


@pytest.mark.parametrize("name", GOOD_BODIES)
def test_body_of_bytes_of_every_kind_is_sent(server, name):
    """A bytearray and a memoryview are bytes, too."""
    assert fetch(server, f"/good/{name}")[1] == b"text"


def test_write_is_over_with_its_response(server):
    """It would write into the response to another request."""
    assert fetch(server, "/write/keep")[1] == b"whole"
    response, body = fetch(server, "/write/kept")
    assert response.status == 500
    assert b"smuggled" not in body
    assert "write() was called after the end of the response" in server.log.read_text()


# Status and headers


@pytest.mark.parametrize("code", [100, 101, 103])
def test_interim_status_is_an_error(server, code):
    """The client would wait for another response."""
    assert fetch(server, f"/status/{code}")[0].status == 500
    assert "is an interim response, which only the server" in server.log.read_text()


@pytest.mark.parametrize("version", [b"1.0", b"1.1"])
@pytest.mark.parametrize("path", ["204", "204-body", "304", "coded"])
def test_response_without_a_body_has_no_length(server, connect, path, version):
    """Nor a coding, nor the body that the application returned."""
    line = f"GET /status/{path} HTTP/".encode() + version
    received = exchange(connect, server, line, b"Host: a", b"Connection: close")
    assert received.endswith(b"\r\n\r\n")
    assert b"ontent-Length" not in received
    assert b"ransfer-" not in received
    assert (b"ETag" in received) is (path == "304")


@pytest.mark.parametrize(
    ("method", "path"), [("HEAD", "/endless"), ("GET", "/endless/204")]
)
def test_endless_body_that_is_not_sent_ends(server, method, path):
    """Otherwise nobody would notice that the client has gone."""
    assert fetch(server, path, method)[1] == b""
    assert is_alive(server)


def test_205_has_an_empty_body(server, connect):
    """RFC 9110 section 15.3.6; unlike 204 it needs a length."""
    received = get(connect, server, "/status/205")
    assert received.endswith(b"\r\n\r\n")
    assert received.count(b"Content-Length: 0\r\n") == 1
    assert b"Content-Length: 4" not in received


@pytest.mark.parametrize("path", ["/hop", "/wrapped/hop"])
def test_hop_by_hop_headers_of_a_wsgi_application_are_dropped(server, path):
    """With those that its Connection header names, and with a line at DEBUG."""
    response, body = fetch(server, path)
    assert (response.status, body) == (200, b"body")
    names = {name.lower() for name in response.headers}
    assert names - {"content-type"} == {"x-public", "date", "content-length"}
    dropped = ["Connection", "Keep-Alive", "X-Private", "transfer-encoding"]
    assert repr(dropped)[:-1] in server.log.read_text()


@pytest.mark.parametrize("path", ["/flask/events", "/wrapped/flask/events"])
def test_flask_may_set_headers_of_the_connection(server, path):
    """Many programs that send events do."""
    response, body = fetch(server, path)
    assert (response.status, body) == (200, b"data: 1\n\n")
    assert "Connection" not in response.headers


def test_ones_own_handler_is_told_of_its_mistake(server):
    """It can be mended there."""
    assert fetch(server, "/routed/hop")[0].status == 500
    assert "header 'Connection' is hop-by-hop" in server.log.read_text()


@pytest.mark.parametrize("name", [*STARTS, "twice"])
def test_start_response_that_is_called_wrongly_is_a_500(server, name):
    """The log says how."""
    before = tracebacks(server)
    assert fetch(server, f"/start/{quote(name)}")[0].status == 500
    assert tracebacks(server) == before + 1
    assert is_alive(server)


# Exceptions that are no errors


@pytest.mark.parametrize("name", ENDINGS)
@pytest.mark.parametrize("prefix", ["/raise", "/routed/raise"])
def test_whatever_is_raised_is_a_500(server, prefix, name):
    """The server goes on, and the log has the traceback."""
    before = tracebacks(server)
    assert fetch(server, f"{prefix}/{name}")[0].status == 500
    assert tracebacks(server) == before + 1
    assert is_alive(server)


@pytest.mark.parametrize("name", ENDINGS)
@pytest.mark.parametrize("prefix", ["/middle", "/routed/middle"])
def test_whatever_is_raised_in_the_middle_leaves_the_chunks_open(
    server, connect, prefix, name
):
    """The connection ends, and the server goes on."""
    received = get(connect, server, f"{prefix}/{name}")
    assert received.endswith(b"\r\n\r\n5\r\nbegun\r\n")
    assert is_alive(server)


@pytest.mark.parametrize("version", [b"1.0", b"1.1"])
@pytest.mark.parametrize("name", ENDINGS)
def test_whatever_close_raises_comes_too_late(server, connect, name, version):
    """The response is complete, and arrives."""
    first = f"GET /close/{name} HTTP/".encode() + version
    received = exchange(connect, server, first, b"Host: a")
    assert received.startswith(b"HTTP/1.1 200 OK\r\n")
    assert received.endswith(b"whole")
    assert is_alive(server)


@pytest.mark.parametrize("name", ENDINGS)
def test_whatever_a_websocket_handler_raises_is_1011(server, name):
    """The peer is told, the log has the traceback, and the others go on."""
    url = server.ws("/routed/alive")
    other = websocket.create_connection(url, timeout=SECONDS)
    failing = websocket.create_connection(
        server.ws(f"/routed/raise/{name}"), timeout=SECONDS
    )
    opcode, payload = failing.recv_data()
    assert (opcode, int.from_bytes(payload[:2], "big")) == (8, 1011)
    failing.shutdown()
    other.send("still here")
    assert other.recv() == "still here"
    other.close()
    assert f"websocket handler for /routed/raise/{name} failed" in (
        server.log.read_text()
    )


@pytest.mark.processes
@pytest.mark.parametrize("kind", KINDS)
def test_ctrl_c_ends_a_server_that_is_run_without_run(kind, tmp_path):
    """Also when it interrupts a view, which is a greenlet of the main thread."""
    code = f"""{PATCHED if kind == "gevent" else ""}
import wsocket
def app(environ, start_response):
    print("in the view")
    while True: sum(range(1000))
with wsocket.make_server("127.0.0.1", 0, app) as server:
    print(f"http://127.0.0.1:{{server.server_port}}/")
    server.serve_forever()
"""
    command = [sys.executable, "-c", code]
    with running(command, tmp_path / "log") as server, connections() as connect:
        connect(server).get(b"/")
        assert server.process.stdout.readline() == "in the view\n"
        server.process.send_signal(signal.SIGINT)
        assert server.process.wait(SECONDS) != 0
    assert "KeyboardInterrupt" in server.log.read_text()
