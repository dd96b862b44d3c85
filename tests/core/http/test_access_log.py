"""The access log: a record for each request that ends on our own server."""

from __future__ import annotations

import contextlib
import logging
import queue
import re
import socket
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import websocket

from tests.patience import SECONDS
from tests.serving import in_thread, serving
from wsocket import LongPolling, WSocketApp, make_server
from wsocket.log import LOGGED_AS

COMBINED = re.compile(
    r"(\S+) - - \[\d\d/[A-Z][a-z]{2}/\d{4}:\d\d:\d\d:\d\d \+0000\]"
    r' "((?:[^"\\]|\\.)*)" (\d{3}|-) (\d+) "((?:[^"\\]|\\.)*)" "((?:[^"\\]|\\.)*)"'
    r' (\d+\.\d{3})ms(?: "((?:[^"\\]|\\.)*)")?'
)


class Records(logging.Handler):
    """The records of the access log, in the order of their requests."""

    def __init__(self) -> None:
        super().__init__()
        self.queue: queue.Queue[logging.LogRecord] = queue.Queue()

    def emit(self, record: logging.LogRecord) -> None:
        self.queue.put(record)

    def next(self) -> logging.LogRecord:
        """The next one; it is logged soon after the client has the response."""
        return self.queue.get(timeout=SECONDS)


@pytest.fixture
def records() -> Iterator[Records]:
    """What is logged while the access log is on."""
    records, access = Records(), logging.getLogger("wsocket.access")
    before = access.level
    access.addHandler(records)
    access.setLevel(logging.INFO)
    yield records
    access.setLevel(before)
    access.removeHandler(records)


@pytest.fixture
def app() -> Iterator[WSocketApp]:
    app = WSocketApp(protocol="WAMP", longpoll=LongPolling("/longpoll"))

    @app.route("*")
    def hello(environ, start_response):
        return "hello"

    @app.route("/failing")
    def failing(environ, start_response):
        return 1 / 0

    @app.route("/secret/*")
    def secret(environ, start_response):
        environ[LOGGED_AS] = "GET /secret/..."
        return "hello"

    @app.route("/endless")
    def endless(environ, start_response):
        while True:
            yield b"x" * 65536

    @app.route("/websocket")
    def echo(environ, start_response):
        environ["wsgi.websocket"].receive()

    with contextlib.closing(app):
        yield app


@contextlib.contextmanager
def connected(url: str) -> Iterator[socket.socket]:
    address = urlsplit(url)
    peer = (address.hostname, address.port)
    with socket.create_connection(peer, SECONDS) as client:
        yield client


def ask(url: str, *lines: bytes) -> bytes:
    """Send the lines of a request, and receive all that comes."""
    with connected(url) as client:
        client.sendall(b"\r\n".join([*lines, b"Connection: close", b"", b""]))
        return b"".join(iter(lambda: client.recv(65536), b""))


def facts(record: logging.LogRecord, *names: str) -> tuple[object, ...]:
    return tuple(getattr(record, name) for name in names)


def test_a_request_has_one_record_with_all_that_is_known(app, records):
    """As attributes of the record, for every formatter."""
    with serving(app) as url:
        ask(
            url,
            *(b"GET /a%20b?c=d HTTP/1.1", b"Host: a"),
            *(b"Referer: http://example.com/", b"User-Agent: test/1.0"),
        )
    record = records.next()
    assert (record.name, record.levelname) == ("wsocket.access", "INFO")
    assert facts(record, "client", "method", "target", "protocol") == (
        *("127.0.0.1", "GET", "/a%20b?c=d", "HTTP/1.1"),
    )
    assert facts(record, "status", "bytes", "referer", "user_agent", "subprotocol") == (
        *(200, 5, "http://example.com/", "test/1.0", None),
    )
    assert 0 <= record.duration_ms < SECONDS * 1000
    assert records.queue.empty()


def test_the_message_is_a_line_in_the_combined_log_format(app, records):
    """With the duration behind it."""
    with serving(app) as url:
        ask(url, b"GET /a HTTP/1.1", b"Host: a", b"User-Agent: test/1.0")
    line = COMBINED.fullmatch(records.next().getMessage())
    assert line is not None
    assert line.groups()[:6] == (
        *("127.0.0.1", "GET /a HTTP/1.1", "200", "5", "-", "test/1.0"),
    )


def test_nothing_is_logged_unless_somebody_wants_it(app, records):
    """It is off by default."""
    logging.getLogger("wsocket.access").setLevel(logging.NOTSET)
    with serving(app) as url:
        ask(url, b"GET / HTTP/1.1", b"Host: a")
    assert records.queue.empty()


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        (b"HEAD / HTTP/1.1", ("HEAD", "/", "HTTP/1.1", 200, 0)),
        (b"GET / HTTP/1.0", ("GET", "/", "HTTP/1.0", 200, 5)),
        (b"GET http://a/b HTTP/1.1", ("GET", "http://a/b", "HTTP/1.1", 200, 5)),
        (b"GET /secret/1234 HTTP/1.1", ("GET", "/secret/...", "HTTP/1.1", 200, 5)),
    ],
    ids=lambda value: ascii(value) if type(value) is bytes else "",
)
def test_a_request_is_logged_as_it_was_made(app, records, line, expected):
    """Except that a secret in the path is left out."""
    with serving(app) as url:
        ask(url, line, b"Host: a")
    record = records.next()
    assert facts(record, "method", "target", "protocol", "status", "bytes") == expected


def test_a_failing_view_is_logged_as_500(app, records):
    """With the size of the error page."""
    with serving(app) as url:
        answer = ask(url, b"GET /failing HTTP/1.1", b"Host: a")
    record = records.next()
    assert record.status == 500
    assert record.bytes == len(answer.partition(b"\r\n\r\n")[2])


def test_each_request_on_a_connection_is_logged(app, records):
    """In their order."""
    with serving(app) as url, connected(url) as client:
        for path in (b"/1", b"/2"):
            client.sendall(b"GET " + path + b" HTTP/1.1\r\nHost: a\r\n\r\n")
            assert records.next().target == path.decode()


def test_a_client_that_leaves_is_logged(app, records):
    """With what it was sent."""
    with serving(app) as url, connected(url) as client:
        client.sendall(b"GET /endless HTTP/1.1\r\nHost: a\r\n\r\n")
        client.recv(1)
        client.close()
        record = records.next()
    assert record.status == 200
    assert record.bytes >= 65536


@pytest.mark.parametrize(
    ("line", "target", "status"),
    [
        (b"GET /\x1b[2J\x00 HTTP/1.1", r"GET /\x1b[2J\x00 HTTP/1.1", 400),
        (b"GET / HTTP/1.1\r\x85forged", r"GET / HTTP/1.1\r\x85forged", 400),
        (b"GET / HTTP/2.0", "GET / HTTP/2.0", 505),
        (b"\x16\x03\x01\x02", r"\x16\x03\x01\x02", 400),
        (b'GET /" 200 5 "-', 'GET /" 200 5 "-', 400),
    ],
    ids=ascii,
)
def test_a_request_that_cannot_be_read_is_logged(app, records, line, target, status):
    """With its first line made harmless, and with the size of the answer."""
    with serving(app) as url:
        answer = ask(url, line, b"Host: a")
    record = records.next()
    assert facts(record, "method", "target", "protocol", "status", "bytes") == (
        *(None, target, None, status, len(answer.partition(b"\r\n\r\n")[2])),
    )
    found = COMBINED.fullmatch(record.getMessage())
    assert found is not None
    assert found[3] == str(status)


def test_a_request_that_is_cut_off_is_logged(app, records):
    """Whatever has come of its first line, also if it is too long."""
    with serving(app) as url, connected(url) as client:
        client.sendall(b"GET /half")
        client.shutdown(socket.SHUT_WR)
        assert client.recv(65536).startswith(b"HTTP/1.1 400 ")
        record = records.next()
    assert facts(record, "target", "status") == ("GET /half", 400)
    with serving(app) as url, connected(url) as client:
        client.sendall(b"GET /" + b"x" * 20_000)
        assert client.recv(65536).startswith(b"HTTP/1.1 414 ")
        record = records.next()
    assert record.status == 414
    assert record.target.startswith("GET /xxx")
    assert len(record.target) < 1100


@pytest.mark.parametrize(
    "agent",
    [b'x" 200 5 "', b"x\\", b'\\" x', b'"' * 5000, b'\\"' * 1001, b"a\tb", b"\x85\xad"],
    ids=lambda agent: ascii(agent[:10]),
)
def test_a_header_cannot_forge_a_field_of_the_line(app, records, agent):
    """Nor a line, nor fill the disk."""
    with serving(app) as url:
        ask(
            url,
            *(b"GET / HTTP/1.1", b"Host: a"),
            *(b"User-Agent: " + agent, b"Referer: " + agent),
        )
    record = records.next()
    line = record.getMessage()
    found = COMBINED.fullmatch(line)
    assert found is not None
    assert found.groups()[:4] == ("127.0.0.1", "GET / HTTP/1.1", "200", "5")
    assert found[5] == found[6] != "-"
    assert line.isprintable()
    assert len(line) < 5000
    assert record.user_agent.isprintable()
    assert len(record.user_agent) < 1100


def test_the_id_of_a_long_poll_transport_is_not_logged(app, records):
    """Who knows it is the session."""
    with serving(app) as url:
        ask(url, b"POST /longpoll/1234567890/send HTTP/1.1", b"Host: a")
    record = records.next()
    assert record.target == "/longpoll/<transport>/send"
    assert "1234567890" not in str(vars(record))


@pytest.mark.parametrize(
    ("path", "offered", "end"),
    [("", ["wamp.2.json"], ' "wamp.2.json"'), ("websocket", [], "ms")],
    ids=["WAMP", "plain"],
)
def test_a_websocket_is_logged_when_it_begins(app, records, path, offered, end):
    """As 101, with what was agreed on."""
    with serving(app) as url:
        client = websocket.create_connection(
            f"{url}{path}", subprotocols=offered, timeout=SECONDS
        )
        record = records.next()
        client.close()
    assert facts(record, "target", "status", "bytes") == (f"/{path}", 101, 0)
    assert record.subprotocol == (offered[0] if offered else None)
    assert COMBINED.fullmatch(record.getMessage())
    assert record.getMessage().endswith(end)


def test_a_refused_websocket_is_logged_as_refused(app, records):
    """With the status of the answer, and without a subprotocol."""
    with serving(app) as url, pytest.raises(websocket.WebSocketBadStatusException):
        websocket.create_connection(
            url,
            subprotocols=["wamp.2.json"],
            origin="http://evil.example",
            timeout=SECONDS,
        )
    assert facts(records.next(), "status", "subprotocol") == (403, None)


def test_a_client_on_a_unix_socket_has_no_address(app, records, tmp_path: Path):
    """The format has a dash for what is unknown."""
    path = str(tmp_path / "socket")
    with (
        make_server(f"unix://{path}", 0, app) as server,
        in_thread(server),
        socket.socket(socket.AF_UNIX) as client,
    ):
        client.settimeout(SECONDS)
        client.connect(path)
        client.sendall(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        record = records.next()
    assert record.client == ""
    assert record.getMessage().startswith("- - - [")


def test_a_handler_that_fails_ends_no_connection(app, records, capsys):
    """Python's own handlers fail like this if stderr is closed."""
    failing = Failing()
    access = logging.getLogger("wsocket.access")
    access.addHandler(failing)
    try:
        with serving(app) as url, connected(url) as client:
            for _ in range(2):
                client.sendall(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
                assert records.next().status == 200
    finally:
        access.removeHandler(failing)
    assert failing.called == 2
    assert "this handler fails" in capsys.readouterr().err


class Failing(logging.Handler):
    """A handler that breaks the rule that none raises."""

    called = 0

    def emit(self, record: logging.LogRecord) -> None:
        self.called += 1
        raise ValueError("this handler fails")


def test_the_client_behind_a_trusted_proxy_is_logged(records):
    """Else every line would have the same address."""
    app = WSocketApp(trusted_proxies=["127.0.0.1"])
    app.route("/")(lambda environ, start_response: "hello")
    with contextlib.closing(app), serving(app) as url:
        ask(url, b"GET / HTTP/1.1", b"Host: a", b"X-Forwarded-For: 203.0.113.9")
    assert facts(records.next(), "client") == ("203.0.113.9",)
