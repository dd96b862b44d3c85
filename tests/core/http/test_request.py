"""Requests as bytes: what is accepted, and what is refused and why."""

from __future__ import annotations

import contextlib
import io
import socket
import threading
from functools import partial
from wsgiref.util import setup_testing_defaults
from wsgiref.validate import check_environ

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.patience import SECONDS
from wsocket.core.http.fields import MAX_FIELDS
from wsocket.core.http.reader import (
    MAX_EMPTY_LINES,
    MAX_HEAD,
    MAX_REQUEST_LINE,
    RequestReader,
)
from wsocket.core.http.refusal import closing_response
from wsocket.core.http.request import parse_request
from wsocket.core.http.request_body import RequestBody
from wsocket.errors import RequestCut, RequestError

HOST = b"Host: example.com"


def request(*lines: bytes, first: bytes = b"GET / HTTP/1.1"):
    """Parse a request with these header lines."""
    return parse_request(b"\r\n".join([first, *lines]))


@pytest.fixture
def wire():
    """A connection: the client's end, and the server's reader."""
    ours, theirs = socket.socketpair()
    theirs.settimeout(SECONDS)
    reader = RequestReader(theirs, 5)
    yield ours, reader
    ours.close()
    reader.buffer.close()
    theirs.close()


# Several


def test_request_is_in_a_hurry_if_it_came_before_the_response_to_another(wire):
    """Also if only a part of it came."""
    client, reader = wire
    whole = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"
    client.sendall(whole + whole + whole[:5])
    hurried = []
    for _ in range(2):
        assert reader.wait()
        reader.next_request()
        hurried.append(reader.in_a_hurry)
    assert reader.wait()
    hurried.append(reader.in_a_hurry)
    client.sendall(whole[5:])
    reader.next_request()
    client.sendall(whole)
    assert reader.wait()
    hurried.append(reader.in_a_hurry)
    reader.next_request()
    client.close()
    assert not reader.wait()
    assert hurried == [False, True, True, False]


# Heads


def test_head_becomes_an_environ():
    """The names are those of PEP 3333."""
    environ = request(
        HOST,
        b"Content-Type: text/plain",
        b"Content-Length: 5",
        b"X-Two-Words:  padded\t ",
        b"X-Empty:",
        b"X-Latin: \xe9",
        first=b"POST /a%20b/%C3%A4?x=%20&y HTTP/1.1",
    ).environ()
    assert environ == {
        "REQUEST_METHOD": "POST",
        "SCRIPT_NAME": "",
        "PATH_INFO": "/a b/\xc3\xa4",
        "QUERY_STRING": "x=%20&y",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "HTTP_HOST": "example.com",
        "CONTENT_TYPE": "text/plain",
        "CONTENT_LENGTH": "5",
        "HTTP_X_TWO_WORDS": "padded",
        "HTTP_X_EMPTY": "",
        "HTTP_X_LATIN": "é",
    }
    setup_testing_defaults(environ)
    check_environ(environ)


def test_request_line_is_kept_for_the_log():
    """As the client wrote it."""
    first = b"GET http://example.com/a?b HTTP/1.1"
    assert request(HOST, first=first).line == first.decode()


def test_repeated_headers_are_joined():
    """As RFC 9110 section 5.3 has it; cookies have a separator of their own."""
    environ = request(
        HOST, b"X-A: 1", b"Cookie: a=1", b"x-a: 2", b"cookie: b=2"
    ).environ()
    assert environ["HTTP_X_A"] == "1, 2"
    assert environ["HTTP_COOKIE"] == "a=1; b=2"


def test_header_with_an_underscore_is_left_out():
    """It could pass for X-Forwarded-For, which a proxy has set or removed."""
    environ = request(HOST, b"X_Forwarded_For: 1.2.3.4").environ()
    assert "HTTP_X_FORWARDED_FOR" not in environ


@pytest.mark.parametrize(
    ("target", "path", "query", "host"),
    [
        (b"/", "/", "", "example.com"),
        (b"/?", "/", "", "example.com"),
        (b"//x/y?a?b", "//x/y", "a?b", "example.com"),
        (b"/{a|b}^`", "/{a|b}^`", "", "example.com"),
        (b"/100%", "/100%", "", "example.com"),
        (b"http://other.org/x?y", "/x", "y", "other.org"),
        (b"HTTPS://other.org:444", "/", "", "other.org:444"),
        (b"http://other.org?y", "/", "y", "other.org"),
        (b"http://[::1]:80/x", "/x", "", "[::1]:80"),
    ],
)
def test_target_may_be_a_path_or_a_url(target, path, query, host):
    """A host in it takes precedence over the header (RFC 9112 section 3.2.2)."""
    environ = request(HOST, first=b"GET %b HTTP/1.1" % target).environ()
    assert (environ["PATH_INFO"], environ["QUERY_STRING"]) == (path, query)
    assert environ["HTTP_HOST"] == host


def test_options_may_ask_about_the_server():
    """``OPTIONS *`` has no path."""
    assert request(HOST, first=b"OPTIONS * HTTP/1.1").environ()["PATH_INFO"] == ""


@pytest.mark.parametrize(
    ("first", "connection", "keeps_alive"),
    [
        (b"GET / HTTP/1.1", None, True),
        (b"GET / HTTP/1.2", None, True),
        (b"GET / HTTP/1.1", b"keep-alive", True),
        (b"GET / HTTP/1.1", b"Close", False),
        (b"GET / HTTP/1.1", b"x, close", False),
        (b"GET / HTTP/1.0", None, False),
        (b"GET / HTTP/1.0", b"keep-alive", False),
    ],
)
def test_connection_is_kept_unless_the_client_closes(first, connection, keeps_alive):
    """In HTTP/1.0 the end of the connection is the end of the response."""
    lines = [HOST] if connection is None else [HOST, b"Connection: " + connection]
    assert request(*lines, first=first).keeps_alive is keeps_alive


def test_expectation_is_understood():
    """A client of HTTP/1.0 cannot have one (RFC 9110 section 10.1.1)."""
    expect = b"Expect: 100-Continue"
    assert request(HOST, expect).expects_continue
    assert not request(HOST).expects_continue
    assert not request(HOST, expect, first=b"GET / HTTP/1.0").expects_continue


INVALID = {
    "no version": (b"GET /", 400, "the request line must be"),
    "two spaces": (b"GET  / HTTP/1.1", 400, "the request line must be"),
    "tab": (b"GET\t/ HTTP/1.1", 400, "the request line must be"),
    "leading space": (b" GET / HTTP/1.1", 400, "the request line must be"),
    "trailing space": (b"GET / HTTP/1.1 ", 400, "the request line must be"),
    "no method": (b"/ HTTP/1.1", 400, "the request line must be"),
    "method": (b"G(T / HTTP/1.1", 400, "the request line must be"),
    "control in target": (b"GET /\x01 HTTP/1.1", 400, "the request line must be"),
    "bare LF": (b"GET / HTTP/1.1\nX: 1", 400, "the request line must be"),
    "bare CR": (b"GET /\rHTTP/1.1", 400, "the request line must be"),
    "bytes from 0x80 on": (b"GET /\xc3\xa4 HTTP/1.1", 400, "the request line must be"),
    "byte 0x80": (b"GET /\x80 HTTP/1.1", 400, "the request line must be"),
    "byte 0xff in the query": (b"GET /?\xff HTTP/1.1", 400, "the request line must be"),
    "DEL": (b"GET /\x7f HTTP/1.1", 400, "the request line must be"),
    "fragment": (b"GET /#top HTTP/1.1", 400, "the request line must be"),
    "lower case version": (b"GET / http/1.1", 400, "the request line must be"),
    "version 1": (b"GET / HTTP/1", 400, "the request line must be"),
    "version 2": (b"PRI * HTTP/2.0", 505, "HTTP/2.0 is not spoken here"),
    "version 0.9": (b"GET / HTTP/0.9", 505, "HTTP/0.9 is not spoken here"),
    "relative target": (b"GET x HTTP/1.1", 400, "target must be a path, not 'x'"),
    "authority": (b"CONNECT a:1 HTTP/1.1", 400, "target must be a path, not 'a:1'"),
    "star": (b"GET * HTTP/1.1", 400, "target must be a path, not '*'"),
    "websocket URL": (b"GET ws://a/ HTTP/1.1", 400, "target must be a path"),
}


@pytest.mark.parametrize(("first", "status", "problem"), INVALID.values(), ids=INVALID)
def test_malformed_request_line_is_refused(first, status, problem):
    """Nothing is guessed."""
    with pytest.raises(RequestError) as refused:
        request(HOST, first=first)
    assert refused.value.status[:3] == str(status)
    assert problem in refused.value.problem


NO_HOSTS = [
    *(b"a:80:90", b"a:x", b"[", b"::1", b"[::1]x", b"[::1", b"::1]", b"[]", b"[]:80"),
    *(b"[::g]", b"[1.2.3.4]", b"[::1%25eth0]", b"[[::1]]", b"[::1]:x", b"[::1]:80:90"),
    *(b"a:-1", b"a:+80", b"a: 80", b"a:65536", b"a:000080", b"a:8_0", b"a:0x50"),
    *(b"a b", b"a#b", b"a@b", b"user:pw@a", b"a\\b", b'"a"', b"<a>", b"a\tb", b"a,b c"),
    *(b":80", b"a%", b"a%4", b"a%zz", b"\xc3\xa4", b"a\x80"),
]
HOSTS = [
    *(b"a", b"a:80", b"a:", b"a:0", b"a:65535", b"A.example.", b"a_b", b"xn--a-1ga"),
    *(b"1.2.3.4", b"1.2.3.4:80", b"999.1", b"a%41", b"!$&'()*+,;=~"),
    *(b"[::1]", b"[::1]:80", b"[::]", b"[fe80::1:2]:8080", b"[::FFFF:1.2.3.4]"),
]


@pytest.mark.parametrize("host", NO_HOSTS, ids=ascii)
def test_what_is_no_host_is_refused(host):
    """In the header and in the target (RFC 9112 section 3.2)."""
    with pytest.raises(RequestError, match="malformed") as refused:
        request(b"Host: " + host)
    assert refused.value.status == "400 Bad Request"
    with pytest.raises(RequestError):
        request(HOST, first=b"GET http://%b/ HTTP/1.1" % host)


@pytest.mark.parametrize("version", [b"1.0", b"1.1"])
@pytest.mark.parametrize("host", HOSTS, ids=ascii)
def test_what_is_a_host_is_accepted(host, version):
    """A name or an address, with or without a port."""
    first = b"GET / HTTP/" + version
    assert request(b"Host: " + host, first=first).fields["host"] == host.decode()
    first = b"GET http://%b/ HTTP/%b" % (host, version)
    assert request(HOST, first=first).fields["host"] == host.decode()


def test_host_may_be_empty():
    """Where the URL of the request has none (RFC 9110 section 7.2)."""
    assert request(b"Host:").environ()["HTTP_HOST"] == ""


@pytest.mark.parametrize("lines", [[], [b"Host: ["], [HOST, b"Host: b"]], ids=repr)
def test_host_in_the_target_does_not_replace_a_wrong_header(lines):
    """RFC 9112 section 3.2 wants the header of every request checked."""
    with pytest.raises(RequestError, match="Host"):
        request(*lines, first=b"GET http://example.com/ HTTP/1.1")


@pytest.mark.parametrize("target", [b"http://", b"http:///x", b"http://?x", b"http:a"])
def test_url_without_a_host_is_refused(target):
    """RFC 9110 section 4.2.1."""
    with pytest.raises(RequestError, match="target must be a path"):
        request(HOST, first=b"GET %b HTTP/1.1" % target)


CHUNKED = b"Transfer-Encoding: chunked"
INVALID_FIELDS = {
    "no host": ([], 400, "Host header is missing"),
    "two hosts": ([HOST, b"host: b"], 400, "more than one Host"),
    "host list": ([b"Host: a b"], 400, "Host header is malformed"),
    "host path": ([b"Host: a/b"], 400, "Host header is malformed"),
    "host query": ([b"Host: a?b"], 400, "Host header is malformed"),
    "host URL": ([b"Host: http://a"], 400, "Host header is malformed"),
    "space before colon": ([HOST, b"X : 1"], 400, r"malformed header line 'X : 1'"),
    "folded line": ([HOST, b"X: 1", b" 2"], 400, "malformed header line ' 2'"),
    "folded with tab": ([HOST, b"\t2"], 400, r"malformed header line '\t2'"),
    "no colon": ([HOST, b"X"], 400, "malformed header line 'X'"),
    "no name": ([HOST, b": 1"], 400, "malformed header line ': 1'"),
    "empty line": ([HOST, b"", b"X: 1"], 400, "malformed header line ''"),
    "bare CR": ([HOST, b"X: 1\rY: 2"], 400, "malformed header line"),
    "bare LF": ([HOST, b"X: 1\nY: 2"], 400, "malformed header line"),
    "NUL": ([HOST, b"X: \0"], 400, "malformed header line"),
    "name": ([HOST, b"X(: 1"], 400, "malformed header line"),
    "length and coding": ([HOST, b"Content-Length: 5", CHUNKED], 400, "both"),
    "coding and length": ([HOST, CHUNKED, b"Content-Length: 5"], 400, "both"),
    "two lengths": (
        [HOST, b"Content-Length: 5", b"Content-Length: 6"],
        400,
        "more than one Content-Length",
    ),
    "same length twice": (
        [HOST, b"Content-Length: 5", b"content-length: 5"],
        400,
        "more than one Content-Length",
    ),
    "list of lengths": ([HOST, b"Content-Length: 5, 5"], 400, "number of bytes"),
    "signed length": ([HOST, b"Content-Length: +5"], 400, "number of bytes"),
    "negative length": ([HOST, b"Content-Length: -5"], 400, "number of bytes"),
    "hexadecimal length": ([HOST, b"Content-Length: 0x5"], 400, "number of bytes"),
    "underscored length": ([HOST, b"Content-Length: 1_0"], 400, "number of bytes"),
    "superscript length": ([HOST, b"Content-Length: \xb2"], 400, "number of bytes"),
    "empty length": ([HOST, b"Content-Length:"], 400, "number of bytes"),
    "endless length": ([HOST, b"Content-Length: " + b"9" * 19], 400, "number of"),
    "two codings": ([HOST, CHUNKED, CHUNKED], 400, "more than one Transfer-Encoding"),
    "coding list": ([HOST, CHUNKED + b", chunked"], 501, "only chunked is"),
    "coding gzip": ([HOST, b"Transfer-Encoding: gzip, chunked"], 501, "only chunked"),
    "coding xchunked": ([HOST, b"Transfer-Encoding: xchunked"], 501, "only chunked"),
    "coding with VT": ([HOST, b"Transfer-Encoding: \x0bchunked"], 400, "malformed"),
    "expectation": ([HOST, b"Expect: 200-ok"], 417, "unknown expectation '200-ok'"),
    "too many": ([HOST] + [b"X: 1"] * MAX_FIELDS, 431, f"more than {MAX_FIELDS}"),
}


@pytest.mark.parametrize(
    ("lines", "status", "problem"), INVALID_FIELDS.values(), ids=INVALID_FIELDS
)
def test_malformed_headers_are_refused(lines, status, problem):
    """What a proxy might read in another way could smuggle a request past it."""
    with pytest.raises(RequestError) as refused:
        request(*lines)
    assert refused.value.status[:3] == str(status)
    assert problem in refused.value.problem


@pytest.mark.parametrize("coding", [b"chunked", b"Chunked"])
def test_length_of_a_chunked_body_is_not_known(coding):
    """The chunks say where it ends."""
    assert request(HOST, b"Transfer-Encoding: " + coding).length is None


def test_chunked_body_in_http_1_0_is_refused():
    """It did not exist then; who sends it may be lying."""
    with pytest.raises(RequestError, match=r"in an HTTP/1\.0 request"):
        request(CHUNKED, first=b"POST / HTTP/1.0")


def test_http_1_0_needs_no_host():
    """The header came later."""
    assert "HTTP_HOST" not in request(first=b"GET / HTTP/1.0").environ()


def test_refusal_is_a_complete_response():
    """Its text is what the client needs to know, in ASCII."""
    response = closing_response("400 Bad Request", "not \x80 é")
    head, _, body = response.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 400 Bad Request\r\n")
    assert b"\r\nConnection: close" in head
    assert b"\r\nContent-Length: %d\r\n" % len(body) in head
    assert body == rb"400 Bad Request: not \x80 \xe9" + b"\n"


# Reading heads


def test_requests_arrive_in_any_pieces(wire):
    """Byte by byte or several at once."""
    client, reader = wire
    first = b"GET /1 HTTP/1.1\r\nHost: a\r\n\r\n"
    for byte in first[:-1]:
        client.send(bytes([byte]))
    client.send(first[-1:] + b"GET /2 HTTP/1.1\r\nHost: a\r\n\r\n")
    assert reader.next_request().target == "/1"
    assert reader.next_request().target == "/2"
    client.shutdown(socket.SHUT_WR)
    assert reader.next_request() is None


def test_head_larger_than_the_buffer_is_read(wire):
    """The usual head fits; a large one is read line by line."""
    client, reader = wire
    cookie = b"x" * 20_000
    client.sendall(b"GET / HTTP/1.1\r\nHost: a\r\nCookie: " + cookie + b"\r\n\r\n")
    assert reader.next_request().fields["cookie"] == cookie.decode()


def test_empty_line_before_a_request_is_skipped(wire):
    """Some clients send one after a body (RFC 9112 section 2.2)."""
    client, reader = wire
    client.sendall(b"\r\nGET /1 HTTP/1.1\r\nHost: a\r\n\r\n")
    assert reader.next_request().target == "/1"


@pytest.mark.parametrize("count", [1, 2, MAX_EMPTY_LINES])
def test_several_empty_lines_are_skipped_in_any_pieces(wire, count):
    """The CR and the LF may come in packets of their own."""
    client, reader = wire
    found = []
    waiting = threading.Thread(target=lambda: found.append(reader.next_request()))
    waiting.start()
    for byte in b"\r\n" * count + b"GET /1 HTTP/1.1\r\nHost: a\r\n\r\n":
        client.send(bytes([byte]))
    waiting.join(SECONDS)
    assert found[0].target == "/1"


@pytest.mark.parametrize("rest", [b"", b"\r", b"\r\n", b"\r\n\r", b"\r\n\r\n"])
def test_empty_lines_without_a_request_are_no_request(wire, rest):
    """The client closes, and nothing has to be answered."""
    client, reader = wire
    client.sendall(rest)
    client.shutdown(socket.SHUT_WR)
    assert reader.next_request() is None


@pytest.mark.parametrize("rest", [b"\r", b"\r\n", b"\r\n\r"])
def test_silence_after_empty_lines_is_no_slow_request(rest):
    """The connection is idle, and not to be answered with 408."""
    ours, theirs = socket.socketpair()
    with ours, theirs:
        theirs.settimeout(0.01)
        ours.send(rest)
        with pytest.raises(TimeoutError):
            RequestReader(theirs, 5).next_request()


@pytest.mark.parametrize(
    "before",
    [b"\r\n" * (MAX_EMPTY_LINES + 1), b"\r", b"\r\r\n", b"\n", b"\r\n\n", b" \r\n"],
    ids=repr,
)
def test_other_things_before_a_request_are_refused(wire, before):
    """Too many empty lines, and line ends of another kind."""
    client, reader = wire
    client.sendall(before + b"GET /1 HTTP/1.1\r\nHost: a\r\n\r\n")
    with pytest.raises(RequestError) as refused:
        reader.next_request()
    assert refused.value.status == "400 Bad Request"


@pytest.mark.parametrize(
    ("data", "status", "problem"),
    [
        (b"GET /" + b"x" * MAX_REQUEST_LINE, 414, "too long"),
        (b"GET / HTTP/1.1\r\nX: " + b"x" * MAX_HEAD, 431, "too long"),
        (b"GET / HTTP/1.1\r\n" + b"X: 1\r\n" * (MAX_FIELDS + 1), 431, "more than"),
        (b"GET / HTTP/1.1\r\nHost: a\r\n", 400, "ended within"),
        (b"GET / HT", 400, "ended within"),
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n", 400, "request line"),
        (b"GET / HTTP/1.1\nHost: a\n\n", 400, "LF alone"),
    ],
    ids=["line", "header", "headers", "no end", "short", "TLS", "LF"],
)
def test_head_that_is_no_head_is_refused(wire, data, status, problem):
    """It must end, in time and size."""
    client, reader = wire
    client.sendall(data)
    client.shutdown(socket.SHUT_WR)
    with pytest.raises(RequestError) as refused:
        reader.next_request()
    assert refused.value.status[:3] == str(status)
    assert problem in refused.value.problem


def test_slow_head_is_refused_although_bytes_arrive():
    """Each byte restarts the socket's timeout, but not the deadline."""
    ours, theirs = socket.socketpair()
    refused = threading.Event()

    def drip():
        while not refused.wait(0.01):
            ours.send(b"x")

    dripping = threading.Thread(target=drip)
    with ours, theirs:
        theirs.settimeout(SECONDS)
        ours.send(b"GET / HTTP/1.1\r\nX: ")
        dripping.start()
        with pytest.raises(RequestError, match=r"within 0\.05 seconds"):
            RequestReader(theirs, 0.05).next_request()
        refused.set()
        dripping.join()


def test_idle_connection_times_out():
    """Between requests the socket's own timeout holds."""
    ours, theirs = socket.socketpair()
    with ours, theirs:
        theirs.settimeout(0.01)
        with pytest.raises(TimeoutError):
            RequestReader(theirs, 5).next_request()


PIECES = [
    *(b"GET", b"POST", b" ", b"/", b" HTTP/1.1", b"\r\n", b"\n", b"Host: a", b":"),
    *(b"Content-Length: 3", CHUNKED, b"abc", b"3\r\n", b"0\r\n", b"\r\n\r\n"),
]


class Received:
    """A socket on which `data` arrives in parts of `size` bytes."""

    def __init__(self, data: bytes, size: int) -> None:
        self.data = io.BytesIO(data)
        self.size = size

    def recv_into(self, buffer) -> int:
        return self.data.readinto(memoryview(buffer)[: self.size])

    def _decref_socketios(self) -> None:
        """What `socket.SocketIO` calls when it is closed."""


@given(
    st.one_of(st.binary(max_size=300), st.lists(st.sampled_from(PIECES)).map(b"".join)),
    st.integers(1, 64),
)
def test_any_bytes_are_requests_or_refused(data, size):
    """No client makes the server fail in another way."""
    reader = RequestReader(Received(data, size), 5)
    with contextlib.suppress(RequestError):
        while request := reader.next_request():
            request.environ()
            RequestBody(reader.buffer, request.length).stream().read()


# Bodies


def body_of(data: bytes, length: int | None = None, **more) -> RequestBody:
    """A request body within a connection on which `data` arrives."""
    return RequestBody(io.BufferedReader(io.BytesIO(data)), length, **more)


@pytest.mark.parametrize("size", [9, 10, 16, 31, 255, 256])
def test_size_of_a_chunk_is_hexadecimal(size):
    """In digits of either case."""
    for digits in (b"%x" % size, b"%X" % size):
        body = body_of(digits + b"\r\n" + bytes(size) + b"\r\n0\r\n\r\n")
        assert body.stream().read() == bytes(size)


CHUNKS = b'3\r\none\r\n4;name="x"\r\n\ntwo\r\n0A\r\nthree\nfour\r\n0\r\n'
WHOLE = b"one\ntwothree\nfour"


@pytest.mark.parametrize(
    ("data", "length"),
    [(WHOLE, len(WHOLE)), (CHUNKS + b"\r\n", None), (CHUNKS + b"X: 1\r\n\r\n", None)],
    ids=["length", "chunks", "trailers"],
)
def test_body_is_read_to_its_end_and_no_further(data, length):
    """What follows is the next request."""
    source = io.BufferedReader(io.BytesIO(data + b"GET"))
    body = RequestBody(source, length)
    stream = body.stream()
    assert stream.read(2) == b"on"
    assert stream.readline() == b"e\n"
    assert list(stream) == [b"twothree\n", b"four"]
    assert stream.read() == b""
    assert body.complete
    assert source.read() == b"GET"


BEGUN = bytes(2**20 + 1)


def test_application_may_ask_for_more_bytes_than_there_is_memory():
    """A body in chunks ends when it ends."""
    data = b"%x\r\n%b\r\n0\r\n\r\n" % (len(BEGUN), BEGUN)
    assert body_of(data).stream().read(2**62) == BEGUN
    stream = body_of(data).stream()
    assert b"".join(iter(partial(stream.read1, 2**62), b"")) == BEGUN


@pytest.mark.parametrize("announced", [2**40, 2**62])
def test_memory_is_taken_for_what_has_come_of_a_body(announced):
    """Many an application reads as many bytes as its client has announced."""
    with pytest.raises(RequestError, match="ended within the request body"):
        body_of(BEGUN, announced).stream().read(announced)
    assert BEGUN.startswith(body_of(BEGUN, announced).stream().read1(announced))


@pytest.mark.parametrize(
    "extension",
    [
        *(b";a", b";a=b", b";a;b=c;d", b" ; a = b ", b"\t;\ta"),
        *(b';a=""', b';a="b c;d=\xe9"', rb';a="\"\\"', b";!#$%&'*+-.^_`|~9=A"),
    ],
)
def test_extension_of_a_chunk_is_ignored(extension):
    """As RFC 9112 section 7.1.1 writes it, but for a space at the end."""
    extension = extension.rstrip(b" ")
    body = body_of(b"1%b\r\nx\r\n0%b\r\n\r\n" % (extension, extension))
    assert body.stream().read() == b"x"


@pytest.mark.parametrize(
    "rest",
    [
        *(b" ", b"\t", b" \t ", b";", b"; ", b" ;", b";a;", b";;a", b";=", b";=b"),
        *(b";a=", b";a=b=c", b";a b", b";a ", b";a=b ", b";a=b c", b";a,b", b";a/b"),
        *(b';a="', b';a="b', b";a=b'\"", b';a="b"c', b';"a"', b';a="\x01"', b";a=\x01"),
        *(b';a="\\\x7f"', b";\xe9", b";a=\xe9", b";a\n", b'; a="\n"', b",a", b" a"),
    ],
)
def test_malformed_extension_of_a_chunk_is_refused(rest):
    """A proxy that reads it in another way could be deceived."""
    for size in (b"1", b"0"):
        with pytest.raises(RequestError, match="malformed chunk size") as refused:
            body_of(size + rest + b"\r\nx\r\n0\r\n\r\n").stream().read()
        assert refused.value.status == "400 Bad Request"


def test_request_without_a_body_has_an_empty_stream():
    """Reading does not wait for the next request."""
    body = body_of(b"GET", 0)
    assert body.complete
    assert body.stream().read() == b""


@pytest.mark.parametrize(
    ("data", "problem"),
    [
        (b"x\r\n", "malformed chunk size"),
        (b"-1\r\n", "malformed chunk size"),
        (b"+1\r\n", "malformed chunk size"),
        (b"0x1\r\n", "malformed chunk size"),
        (b" 1\r\n", "malformed chunk size"),
        (b"1 \r\n", "malformed chunk size"),
        (b"\xb2\r\n", "malformed chunk size"),
        (b"1_0\r\n", "malformed chunk size"),
        (b"\r\n", "malformed chunk size"),
        (b"1\n", "malformed chunk size"),
        (b"1\r\r\n", "malformed chunk size"),
        (b"1;x\n\r\n", "malformed chunk size"),
        (b"1;" + b"x" * 2000 + b"\r\n", "malformed chunk size"),
        (b"F" * 16 + b"\r\n", "malformed chunk size"),
        (b"", "malformed chunk size"),
        (b"1\r\nab\r\n", "longer than its size"),
        (b"1\r\na\n0\r\n\r\n", "longer than its size"),
        (b"5\r\nabc", "ended within"),
        (b"0\r\nX : 1\r\n\r\n", "malformed header line"),
        (b"0\r\nX: 1", "trailers"),
        (b"0\r\n", "trailers"),
        (b"0\r\nX: 1\n\r\n", "trailers"),
        (b"0\r\n" + b"X: 1\r\n" * 200, "trailers"),
    ],
)
def test_malformed_chunks_are_refused(data, problem):
    """And the connection is good for nothing afterwards."""
    body = body_of(data)
    stream = body.stream()
    with pytest.raises(RequestError, match=problem) as refused:
        stream.read()
    assert refused.value.status == "400 Bad Request"
    assert not body.drain(1000)
    with pytest.raises(RequestError, match="could not be read before"):
        stream.read()


@pytest.mark.parametrize(
    "data",
    [
        *(b"", b"1", b"1;a=", b"5\r\nabc", b"3\r\nabc", b"3\r\nabc\r"),
        *(b"0\r\nX: 1", b"0\r\n", b"0\r\n\r"),
    ],
)
def test_client_that_leaves_within_the_chunks_has_left(data):
    """It has broken nothing, so nobody has to be told."""
    with pytest.raises(RequestCut):
        body_of(data).stream().read()


def test_client_that_breaks_the_chunks_has_not_left():
    """An error of the client's is worth a line in the log."""
    for data in (b"x\r\n", b"1\r\nab\r\n", b"0\r\nX\r\n\r\n", b"1" * 2000):
        with pytest.raises(RequestError) as refused:
            body_of(data).stream().read()
        assert not isinstance(refused.value, RequestCut)


def test_failure_to_read_a_body_is_no_exception_for_frameworks():
    """They would log it with a traceback, and answer 500."""
    for error in (RequestError, RequestCut):
        assert not issubclass(error, Exception)


def test_body_that_ends_too_early_is_refused():
    """The client promised more."""
    with pytest.raises(RequestError, match="ended within the request body"):
        body_of(b"abc", 5).stream().read()


def test_body_that_does_not_come_is_refused():
    """The timeout of the socket is the client's fault."""
    ours, theirs = socket.socketpair()
    with ours, theirs, theirs.makefile("rb") as source:
        theirs.settimeout(0.01)
        with pytest.raises(RequestError) as refused:
            RequestBody(source, 5).stream().read()
    assert refused.value.status == "408 Request Timeout"


def test_body_of_a_lost_connection_is_refused():
    """Now, and when the application tries again."""

    class Lost(io.RawIOBase):
        def readable(self) -> bool:
            return True

        def readinto(self, buffer) -> int:
            raise ConnectionResetError("reset by peer")

    stream = RequestBody(io.BufferedReader(Lost()), 5).stream()
    with pytest.raises(RequestError, match="lost within the request body"):
        stream.read()
    with pytest.raises(RequestError, match="could not be read before"):
        stream.read()


def test_client_is_told_to_continue_once_when_the_body_is_wanted():
    """Not before: the application may refuse the request."""
    told = []
    body = body_of(b"abcde", 5, before_read=lambda: told.append("continue"))
    stream = body.stream()
    assert told == []
    assert stream.read(1) == b"a"
    assert stream.read() == b"bcde"
    assert told == ["continue"]


def test_small_rest_of_a_body_is_skipped():
    """The connection can then be kept."""
    for body in (body_of(b"abcde", 5), body_of(CHUNKS + b"\r\n")):
        body.stream().read(1)
        assert body.may_be_drained(1000)
        assert body.drain(1000)
        assert body.complete


def test_rest_of_a_body_that_is_malformed_is_told_to_the_log(caplog):
    """Nobody is there to read it, so no answer is changed."""
    caplog.set_level("DEBUG")
    assert not body_of(b"x\r\n").drain(1000)
    assert "unread request body: malformed chunk size" in caplog.text


def test_large_rest_of_a_body_is_not_waited_for():
    """Closing the connection costs less."""
    assert not body_of(b"", 1001).drain(1000)
    many_chunks = b"1\r\nx\r\n" * 2000 + b"0\r\n\r\n"
    assert not body_of(many_chunks).drain(1000)


def test_body_that_nobody_asked_for_is_not_waited_for():
    """A client that waits for 100 Continue may never send it."""
    body = body_of(b"", 5, before_read=lambda: None)
    assert not body.may_be_drained(1000)
    assert not body.drain(1000)
