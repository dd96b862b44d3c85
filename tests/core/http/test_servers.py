"""HTTP/1.1 on the wire, on both servers."""

from __future__ import annotations

import re
import socket
import threading
import time
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest

from tests.core.http.http_client import (
    KINDS,
    command,
    exchange,
    fetch,
    is_alive,
    run_app,
)
from tests.programs import Server, running
from wsocket.core.http.connection import LOOK


@pytest.fixture(scope="module", params=KINDS)
def server(processes, request, tmp_path_factory) -> Iterator[Server]:
    """A server with the usual patience."""
    with run_app(request.param, tmp_path_factory) as started:
        yield started


# Responses


def test_head_has_date_and_length(server):
    """What RFC 9110 wants of an origin server."""
    response, body = fetch(server, "/")
    assert (response.status, response.reason, body) == (200, "OK", b"Hello World!")
    assert response.headers["Content-Length"] == "12"
    assert re.fullmatch(
        r"\w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d GMT", response.headers["Date"]
    )


def test_item_arrives_before_the_next_one_is_produced(server, connect):
    """The second waits for a request that is sent when the first has arrived."""
    client = connect(server)
    client.get(b"/steps")
    assert b"Transfer-Encoding: chunked" in client.head()
    assert client.until(b"one\r\n") == b"3\r\none\r\n"
    assert client.received == b""
    fetch(server, "/go")
    assert client.until(b"0\r\n\r\n") == b"3\r\ntwo\r\n0\r\n\r\n"


def test_connection_is_kept_alive(server, connect):
    """Whatever kind of body the responses have."""
    client = connect(server)
    for path, end in (
        (b"/", b"Hello World!"),
        (b"/wsgi/iterator", b"0\r\n\r\n"),
        (b"/empty", b"\r\n\r\n"),
        (b"/", b"Hello World!"),
    ):
        client.get(path)
        assert b"Connection: close" not in client.until(end)


def test_pipelined_requests_are_answered_in_order(server, connect):
    """They may all arrive at once, with their bodies."""
    client = connect(server)
    requests = [
        b"POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\none",
        b"POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
        b"3\r\ntwo\r\n0\r\n\r\n",
        b"HEAD /steps HTTP/1.1\r\nHost: a\r\n\r\n",
        b"GET /empty HTTP/1.1\r\nHost: a\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
    ]
    client.sock.sendall(b"".join(requests))
    received = client.rest()
    bodies = [part.partition(b"\r\n\r\n")[2] for part in received.split(b"HTTP/1.1 ")]
    assert bodies[1:] == [b"one", b"two", b"", b"", b"Hello World!"]


@pytest.mark.parametrize(
    "lines",
    [
        (b"GET / HTTP/1.1", b"Host: a", b"Connection: close"),
        (b"GET / HTTP/1.0",),
        (b"GET / HTTP/1.0", b"Connection: keep-alive"),
    ],
)
def test_connection_is_closed_when_the_client_wants_it(server, connect, lines):
    """And always in HTTP/1.0."""
    received = exchange(connect, server, *lines)
    assert b"\r\nConnection: close\r\n" in received
    assert received.endswith(b"\r\n\r\nHello World!")


def test_http_1_0_gets_no_chunks(server, connect):
    """The end of the connection is the end of the body."""
    received = exchange(connect, server, b"GET /wsgi/iterator HTTP/1.0")
    assert b"Transfer-Encoding" not in received
    assert received.endswith(b"\r\n\r\nonetwo")


@pytest.mark.parametrize("path", [b"/", b"/steps", b"/wsgi/list", b"/wsgi/iterator"])
def test_head_has_no_body(server, connect, path):
    """The next response follows its head at once."""
    client = connect(server)
    client.get(path, method=b"HEAD")
    assert client.head().startswith(b"HTTP/1.1 200 OK\r\n")
    client.get(b"/")
    assert client.until(b"Hello World!").startswith(b"HTTP/1.1 200 OK\r\n")


def test_204_has_neither_body_nor_length(server):
    """RFC 9110 section 8.6."""
    response, body = fetch(server, "/empty")
    assert (response.status, body) == (204, b"")
    assert "Content-Length" not in response.headers
    assert "Transfer-Encoding" not in response.headers


def test_large_response_arrives_whole(server):
    """More than any socket buffer holds."""
    assert fetch(server, "/large")[1] == b"x" * 10_000_000


def test_generator_is_closed_when_the_client_goes(server, connect):
    """The next item that cannot be sent ends it."""
    client = connect(server)
    client.get(b"/endless")
    client.until(b"xxx")
    client.sock.close()
    assert fetch(server, "/endless/closed")[1] == b"True"


def test_others_are_served_while_somebody_reads_what_never_ends(server, connect):
    """A greenlet that never has to wait for its client would keep the rest waiting."""
    client = connect(server)
    client.get(b"/endless/lines")
    client.until(b"xxx")
    stopped = threading.Event()

    def read() -> None:
        while not stopped.is_set():
            client.sock.recv(2**20)

    reader = threading.Thread(target=read)
    reader.start()
    try:
        for _ in range(5):
            assert fetch(server, "/")[1] == b"Hello World!"
        assert reader.is_alive()
    finally:
        stopped.set()
        reader.join()


@pytest.mark.parametrize(
    "path", ["/endless/empty", "/endless/empty/at-once", "/wsgi/endless/empty"]
)
def test_generator_that_sends_nothing_is_closed_when_the_client_goes(
    server, connect, path
):
    """An application may wait like this (PEP 3333); others are served meanwhile."""
    client = connect(server)
    client.get(path.encode())
    assert fetch(server, "/endless/begun")[1] == b"True"
    client.sock.close()
    assert fetch(server, "/endless/closed")[1] == b"True"


def test_time_without_an_item_begins_anew_with_each_request(server, connect):
    """A client that closes its own side after the second one still gets its answer."""
    client = connect(server)
    client.get(b"/then-nothing")
    client.until(b"0\r\n\r\n")
    time.sleep(LOOK + 0.1)
    client.get(b"/nothing-then")
    assert fetch(server, "/endless/begun")[1] == b"True"
    client.sock.shutdown(socket.SHUT_WR)
    fetch(server, "/go")
    assert b"two" in client.rest()


def test_client_that_is_there_gets_what_comes_late(server):
    assert fetch(server, "/waits")[1] == b"now"


# The server's side of WSGI


@pytest.mark.parametrize(
    ("path", "body", "length"),
    [
        ("/wsgi/list", b"onetwo", "6"),
        ("/wsgi/iterator", b"onetwo", None),
        ("/wsgi/nothing", b"", "0"),
        ("/wsgi/write", b"onetwo", None),
    ],
)
def test_wsgi_application_is_served(server, path, body, length):
    """Lists, iterators with empty items, and write()."""
    response, received = fetch(server, path)
    assert received == body
    assert response.headers["Content-Length"] == length


def test_wsgi_application_may_replace_its_head(server):
    """With exc_info, as long as nothing was sent."""
    response, body = fetch(server, "/wsgi/replaced")
    assert (response.status, body) == (503, b"sorry")
    assert "X-A" not in response.headers
    assert response.headers["X-B"] == "2"


@pytest.mark.parametrize(
    ("path", "problem"),
    [
        ("/wsgi/broken", "ValueError: at once"),
        ("/wsgi/exit", "SystemExit: a handler may not stop the server"),
        ("/wsgi/timeout", "Timeout: 1 second"),
        ("/wsgi/silent", "RuntimeError: the application did not call start_response"),
        ("/wsgi/twice", "RuntimeError: start_response was called twice"),
        ("/wsgi/split", "ValueError: header 'X-A' must not contain"),
        ("/wsgi/status", "ValueError: status must be a str such as '200 OK'"),
        ("/broken", "ValueError: at once"),
    ],
)
def test_error_of_the_application_is_a_500(server, path, problem):
    """The log has it, the client has not."""
    response, body = fetch(server, path)
    assert response.status == 500
    assert problem.encode() not in body
    assert problem in server.log.read_text()


def test_exit_of_a_handler_has_no_page_and_no_id(server):
    """Other servers raise it to end a worker, so the framework leaves it alone."""
    response, body = fetch(server, "/exit")
    assert response.status == 500
    assert body.endswith(b"the application failed; the server's log says why\n")
    logged = server.log.read_text()
    assert "'GET /exit HTTP/1.1' failed" in logged
    assert "SystemExit: a handler may not stop the server" in logged


@pytest.mark.parametrize("path", [b"/failing", b"/wsgi/failing"])
def test_error_in_the_middle_leaves_the_chunks_open(server, connect, path):
    """The client must not take what it has for the whole."""
    client = connect(server)
    client.get(path)
    client.head()
    assert client.rest() == b"5\r\nbegun\r\n"
    assert is_alive(server)


@pytest.mark.parametrize("path", [b"/failing", b"/wsgi/failing"])
def test_error_in_the_middle_resets_an_http_1_0_connection(server, connect, path):
    """There the end of the connection would be the end of the body."""
    with pytest.raises(ConnectionResetError):
        exchange(connect, server, b"GET %b HTTP/1.0" % path)


def test_error_that_was_logged_is_not_logged_again(server, connect):
    """One traceback for one failure."""
    before = server.log.read_text().count("Traceback")
    exchange(connect, server, b"GET /failing HTTP/1.1", b"Host: a")
    exchange(connect, server, b"GET /broken HTTP/1.1", b"Host: a", b"Connection: close")
    assert server.log.read_text().count("Traceback") == before + 2


@pytest.mark.parametrize(
    ("path", "body", "problem"),
    [
        (b"/wsgi/short", b"one", "has 3 bytes, less than its Content-Length of 5"),
        (b"/wsgi/long", b"onetw", "longer than its Content-Length of 5 bytes"),
    ],
)
def test_body_never_differs_from_its_length(server, connect, path, body, problem):
    """What is too much would be the next response, so the connection ends."""
    client = connect(server)
    client.get(path)
    assert b"Content-Length: 5\r\n" in client.head()
    assert client.rest() == body
    assert problem in server.log.read_text()


def test_environ_tells_of_server_and_client(server):
    """The keys that PEP 3333 asks for, and no surprises from the process."""
    lines = fetch(server, "/environ?x=1", headers={"X-A": "é"})[1].decode().split("\n")
    environ = dict(line.split("=", 1) for line in lines)
    assert environ["SERVER_NAME"] == environ["REMOTE_ADDR"] == "127.0.0.1"
    assert environ["SERVER_PORT"] == str(urlsplit(server.url).port)
    assert environ["SERVER_PROTOCOL"] == "HTTP/1.1"
    assert environ["QUERY_STRING"] == "x=1"
    assert environ["HTTP_X_A"] == "é"
    assert environ["wsgi.multithread"] == "True"
    assert "PATH" not in environ


# Request bodies


def test_body_with_a_length_is_read(server):
    """The usual form."""
    assert fetch(server, "/echo", "POST", body=b"x" * 100_000)[1] == b"x" * 100_000


def test_chunked_body_is_read(server):
    """The length need not be known beforehand."""
    chunks = iter([b"one", b"two" * 10_000])
    body = fetch(server, "/echo", "POST", body=chunks, encode_chunked=True)[1]
    assert body == b"one" + b"two" * 10_000


def test_100_continue_is_sent_when_the_body_is_wanted(server, connect):
    """The client waits for it."""
    client = connect(server)
    expect = (b"Content-Length: 3", b"Expect: 100-continue")
    client.get(b"/echo", *expect, method=b"POST")
    assert client.head() == b"HTTP/1.1 100 Continue\r\n\r\n"
    client.sock.sendall(b"one")
    assert client.until(b"one").startswith(b"HTTP/1.1 200 OK\r\n")


def test_no_100_continue_is_sent_when_the_body_is_not_wanted(server, connect):
    """The client may send it all the same, so the connection ends."""
    client = connect(server)
    expect = (b"Content-Length: 3", b"Expect: 100-continue")
    client.get(b"/", *expect, method=b"POST")
    assert b"Connection: close\r\n" in client.head()
    client.sock.sendall(b"one")
    assert client.rest() == b"Hello World!"


@pytest.mark.parametrize("path", [b"/", b"/first-byte"])
def test_rest_of_a_body_is_skipped(server, connect, path):
    """It is not taken for the next request."""
    client = connect(server)
    client.send(
        b"POST " + path + b" HTTP/1.1",
        b"Host: a",
        b"Content-Length: 35",
        body=b"GET /broken HTTP/1.1\r\nHost: a\r\n\r\nab",
    )
    assert b"200 OK" in client.head()
    client.get(b"/empty")
    assert b"204 No Content" in client.head()


def test_large_rest_of_a_body_ends_the_connection(server, connect):
    """The response still arrives: there is no reset before it was read."""
    client = connect(server)
    length = b"Content-Length: 1000000"
    client.get(b"/", length, method=b"POST")
    client.sock.sendall(b"x" * 500_000)
    received = client.rest()
    assert b"Connection: close\r\n" in received
    assert received.endswith(b"Hello World!")


def test_body_that_is_malformed_is_the_clients_fault(server, connect):
    """A 400, and no traceback."""
    before = server.log.read_text().count("Traceback")
    received = exchange(
        connect,
        server,
        b"POST /echo HTTP/1.1",
        b"Host: a",
        b"Transfer-Encoding: chunked",
        body=b"3\r\none\r\nxyz\r\n",
    )
    assert received.startswith(b"HTTP/1.1 400 Bad Request\r\n")
    assert b"malformed chunk size" in received
    assert server.log.read_text().count("Traceback") == before


def test_body_that_ends_early_is_the_clients_fault(server, connect):
    """Half a body is not given to the application."""
    client = connect(server)
    client.get(b"/echo", b"Content-Length: 5", method=b"POST")
    client.sock.sendall(b"abc")
    client.sock.shutdown(socket.SHUT_WR)
    assert client.rest().startswith(b"HTTP/1.1 400 Bad Request\r\n")


# The takeover of a websocket


def test_connection_that_was_taken_over_ends_silently(server, connect):
    """After 101 the server adds nothing, and serves no further request on it."""
    client = connect(server)
    client.sock.sendall(
        b"GET /wsgi/taken HTTP/1.1\r\nHost: a\r\n"
        b"Connection: Upgrade\r\nUpgrade: websocket\r\n\r\n"
        b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"
    )
    assert client.rest() == b"taken over"


@pytest.mark.processes
@pytest.mark.parametrize("kind", KINDS)
def test_server_stops_in_the_middle_of_requests(kind, connect, tmp_path):
    """Connections that are idle or busy do not hold it."""
    program = command(kind, 30, graceful_timeout=1)
    with running(program, tmp_path / "log") as server:
        idle, busy = connect(server), connect(server)
        idle.get(b"/")
        idle.until(b"Hello World!")
        busy.get(b"/steps")
        busy.until(b"one")
        assert server.stop() == 0
        assert server.process.stdout.read() == "wsocket: stopped\n"
    assert "Traceback" not in server.log.read_text()


@pytest.mark.processes
@pytest.mark.parametrize("kind", KINDS)
def test_nobody_has_to_read_what_the_server_says(kind, tmp_path):
    """Its last line finds a closed pipe, which changes nothing."""
    with running(command(kind, 30), tmp_path / "log") as server:
        server.process.stdout.close()
        assert server.stop() == 0
    assert server.log.read_text() == ""
