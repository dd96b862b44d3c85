"""A clock that is set while the server runs, by years: only what shows it notices."""

from __future__ import annotations

import itertools
import json
import queue
import ssl
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, closing, contextmanager
from datetime import datetime
from email.utils import parsedate_to_datetime
from http.client import HTTPSConnection
from typing import Any
from urllib.parse import urlsplit

import pytest
import websocket

from tests.certificates import Certificates
from tests.programs import COMMAND_LINE, Server, running
from tests.steady.clock import Clock
from tests.steady.peers import HELLO, SECONDS, ask, opened

DAY = 86_400
IN_1970 = 1_000.0  # seconds after its beginning
IN_2100 = 4_102_444_800.0
BURST = 100  # messages, where 50 may come in a second
PROCEDURE = "com.example.slow"
TIMEOUT = "wamp.error.timeout"

IN_THREADS = """
import ssl, sys
from tests.steady.clocked import app
from wsocket import run
context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
context.load_cert_chain(sys.argv[1])
run(app, port=0, ssl_context=context, access_log=True, log_format="json")
"""

JUMPS: dict[str, Callable[[float], float]] = {
    "a day back": lambda now: now - DAY,
    "a day forth": lambda now: now + DAY,
    "to 1970": lambda now: IN_1970,
    "to 2100": lambda now: IN_2100,
}


@pytest.fixture(scope="module")
def clock(processes: None, tmp_path_factory: pytest.TempPathFactory) -> Clock:
    return Clock(tmp_path_factory.mktemp("clock"))


@pytest.fixture(scope="module", params=["threads", "gevent"])
def server(
    request: pytest.FixtureRequest,
    clock: Clock,
    certificates: Certificates,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Server]:
    """It speaks TLS, and logs each request as JSON."""
    arguments = clock.given_to(command(request.param, certificates.server))
    log = tmp_path_factory.mktemp("clocked") / "log"
    with running(arguments, log) as server:
        yield server


def command(kind: str, certificate: str) -> list[str]:
    if kind == "threads":
        return [sys.executable, "-c", IN_THREADS, certificate]
    flags = ["--port", "0", "--certfile", certificate]
    flags += ["--access-log", "--log-format", "json"]
    source = [sys.executable, "-c", COMMAND_LINE]
    return [*source, "run", "tests.steady.clocked:app", *flags]


class Reader:
    """A client whose messages are read as they come, and pings answered."""

    def __init__(self, client: websocket.WebSocket) -> None:
        self._client = client
        self._inbox: queue.Queue[Any] = queue.Queue()
        self._thread = threading.Thread(target=self._read)
        self._thread.start()

    def _read(self) -> None:
        opcode, data = self._client.recv_data()
        while opcode != 8:
            self._inbox.put(json.loads(data))
            opcode, data = self._client.recv_data()

    def send(self, *message: Any) -> None:
        self._client.send(json.dumps(message))

    def receive(self) -> Any:
        return self._inbox.get(timeout=SECONDS)

    def ask(self, *message: Any) -> Any:
        self.send(*message)
        return self.receive()

    def leave(self) -> None:
        self._client.send_close()
        self._thread.join()


@contextmanager
def reading(opened: AbstractContextManager[websocket.WebSocket]) -> Iterator[Reader]:
    with opened as client:
        reader = Reader(client)
        try:
            yield reader
        finally:
            reader.leave()


class Visit:
    """Clients of a server that has a certificate."""

    def __init__(self, server: Server, certificates: Certificates) -> None:
        self._server = server
        self._address = urlsplit(server.url)
        self._authority = certificates.authority

    def opened(
        self, path: str, subprotocols: Sequence[str] = ()
    ) -> AbstractContextManager[websocket.WebSocket]:
        options = {"ca_certs": self._authority}
        url = self._server.ws(path)
        return opened(url, subprotocols=subprotocols, sslopt=options)

    @contextmanager
    def joined(self, path: str = "/") -> Iterator[websocket.WebSocket]:
        with self.opened(path, ["wamp.2.json"]) as client:
            assert ask(client, HELLO)[0] == 2
            yield client

    def connection(self) -> HTTPSConnection:
        context = ssl.create_default_context(cafile=self._authority)
        host, port = self._address.hostname, self._address.port
        return HTTPSConnection(str(host), port, timeout=SECONDS, context=context)

    def half_of_a_request(self) -> HTTPSConnection:
        """A connection on which the end of a head is missing."""
        connection = self.connection()
        connection.connect()
        connection.sock.sendall(b"GET /page HTTP/1.0\r\n")
        return connection

    def poll(self) -> HTTPSConnection:
        """A connection on which a long poll waits."""
        connection = self.connection()
        connection.request("POST", "/longpoll/open", '{"protocols": ["wamp.2.json"]}')
        transport = json.loads(connection.getresponse().read())["transport"]
        connection.request("POST", f"/longpoll/{transport}/receive")
        return connection


@pytest.mark.parametrize("jump", JUMPS)
def test_nothing_depends_on_the_time_of_day(
    server: Server, certificates: Certificates, clock: Clock, jump: str
) -> None:
    """Nothing expires early, and nothing hangs, of what was under way before."""
    visit = Visit(server, certificates)
    with (
        reading(visit.joined()) as callee,
        reading(visit.joined()) as caller,
        reading(visit.joined()) as busy,
        reading(visit.opened("/waiting")) as plain,
        visit.joined("/hasty/") as silent,
        visit.opened("/hasty/waiting") as silent_and_plain,
        closing(visit.poll()) as polling,
        closing(visit.half_of_a_request()) as asking,
    ):
        assert plain.receive() == "begun"
        assert callee.ask(64, 1, {}, PROCEDURE)[0] == 65
        caller.send(48, 1, {"timeout": 1000 * SECONDS}, PROCEDURE)
        first = callee.receive()
        caller.send(48, 2, {"timeout": 1000}, PROCEDURE)
        assert callee.receive()[0] == 68
        for request in range(1, BURST + 1):
            busy.send(48, request, {}, "com.example.quick")
        clock.put(round(JUMPS[jump](time.time()) - time.time()))
        assert caller.receive()[:3:2] == [8, 2]
        callee.send(70, first[1], {})
        assert caller.receive()[:2] == [50, 1]
        for request in range(1, BURST + 1):
            assert busy.receive()[:2] == [50, request]
        asking.sock.sendall(b"\r\n")
        assert asking.sock.recv(15) == b"HTTP/1.1 200 OK"
        assert plain.receive() == "waited"
        assert polling.getresponse().read() == b""
        assert is_dropped(silent_and_plain)
        assert is_dropped(silent)
        clock.put(0)
        for each in (callee, caller, busy):  # nobody took them for silent
            assert each.ask(48, 2 * BURST, {}, "com.example.none")[0] == 8
    assert nothing_but_requests(server)


@pytest.mark.parametrize("jump", JUMPS)
def test_answers_of_an_authorizer_are_kept_for_their_time(
    server: Server, certificates: Certificates, clock: Clock, jump: str
) -> None:
    """For 1,000 seconds if the clock is a day ahead, and for half of one if behind."""
    visit = Visit(server, certificates)
    with visit.joined("/kept/") as kept, visit.joined("/forgotten/") as forgotten:
        numbers = itertools.count(1)

        def asked(client: websocket.WebSocket) -> int:
            answer = ask(client, [48, next(numbers), {}, "com.example.asked"])
            count: int = answer[3][0]
            return count

        first = asked(kept)
        before = asked(forgotten)
        clock.put(round(JUMPS[jump](time.time()) - time.time()))
        assert asked(kept) == first
        deadline = time.monotonic() + SECONDS
        while asked(forgotten) == before:
            assert time.monotonic() < deadline
        clock.put(0)
        assert asked(kept) == first


def is_dropped(silent: websocket.WebSocket) -> bool:
    """Wait for the end of a connection whose client answers no ping."""
    try:
        while silent.recv_frame().opcode != 8:
            pass
    except (websocket.WebSocketConnectionClosedException, ConnectionError):
        return True
    return False


def nothing_but_requests(server: Server) -> bool:
    lines = [json.loads(each) for each in server.log.read_text().splitlines()]
    return {each["logger"] for each in lines} == {"wsocket.access"}


@pytest.mark.parametrize("jump", JUMPS)
def test_what_shows_the_time_of_day_shows_the_new_one(
    server: Server, certificates: Certificates, clock: Clock, jump: str
) -> None:
    """Responses, the log and the meta API."""
    visit = Visit(server, certificates)
    with reading(visit.joined()) as session, closing(visit.connection()) as connection:
        clock.put(round(JUMPS[jump](time.time()) - time.time()))
        before = clock.now() - 1  # clocks of the kernel differ by some milliseconds
        connection.request("GET", "/page")
        response = connection.getresponse()
        response.read()
        subscription = session.ask(32, 1, {}, "com.example.topic")[2]
        described = session.ask(48, 2, {}, "wamp.subscription.get", [subscription])
        shown = [
            parsedate_to_datetime(response.headers["Date"]),
            datetime.fromisoformat(described[3][0]["created"].replace("Z", "+00:00")),
            datetime.fromisoformat(last_logged(server).replace("Z", "+00:00")),
        ]
        after = clock.now() + 1
        clock.put(0)
    for each in shown:
        assert before <= each.timestamp() <= after


def last_logged(server: Server) -> str:
    """When the last request was logged, which may be a moment after its response."""
    deadline = time.monotonic() + SECONDS
    while time.monotonic() < deadline:
        lines = server.log.read_text().splitlines()
        if lines and (last := json.loads(lines[-1]))["target"] == "/page":
            timestamp: str = last["timestamp"]
            return timestamp
        time.sleep(0.02)
    pytest.fail("the request was not logged")
