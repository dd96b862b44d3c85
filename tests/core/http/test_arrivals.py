"""Connections take a thread only for requests that have come, and so many at once."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextvars import ContextVar

import pytest

from tests.patience import SECONDS
from tests.serving import in_thread
from wsocket.core.concurrency.kinds import THREADS
from wsocket.core.http.arrivals import MOST_AHEAD
from wsocket.core.http.places import PlaceLimits
from wsocket.core.http.servers import Server
from wsocket.core.http.unsent import Unsent
from wsocket.core.net.endpoints import server_endpoints
from wsocket.core.net.listening import ListeningSocket
from wsocket.core.wsgi import park

LARGE = bytes(16 * 2**20)  # more than the kernel takes for a client
HOST = b" HTTP/1.1\r\nHost: a\r\n"
PAGE = b"GET /" + HOST + b"\r\n"


_seen: ContextVar[bool] = ContextVar("_seen", default=False)


class Site:
    """An application whose requests wait until they are let go on."""

    def __init__(self) -> None:
        self.entered = threading.Semaphore(0)
        self.gate = threading.Event()
        self.inside = 0
        self.most = 0  # at once
        self.inherited: list[bool] = []
        self._lock = threading.Lock()

    def __call__(self, environ, start_response) -> list[bytes]:
        with self._lock:
            self.inside += 1
            self.most = max(self.most, self.inside)
        self.inherited.append(_seen.get())
        _seen.set(True)
        self.entered.release()
        try:
            body = self._answer(environ)
        finally:
            with self._lock:
                self.inside -= 1
        start_response("200 OK", [])
        return [body]

    def _answer(self, environ) -> bytes:
        path = environ["PATH_INFO"]
        if path == "/poll":
            park(environ)
        if path in ("/poll", "/wait"):
            assert self.gate.wait(SECONDS)
        if path == "/skip":
            return b"."
        return LARGE if path == "/large" else environ["wsgi.input"].read() + b"."

    def wait_for(self, requests: int) -> None:
        """Until so many more requests have come to the application."""
        for _ in range(requests):
            assert self.entered.acquire(timeout=SECONDS)


class Client:
    """A raw connection."""

    def __init__(self, server: Server) -> None:
        self._sock = socket.create_connection(server.server_address, SECONDS)
        self.close = self._sock.close

    def send(self, data: bytes) -> None:
        self._sock.sendall(data)

    def answer(self) -> bytes:
        """A response, whose body ends with a full stop, or what came before the end."""
        received = b""
        while received[-1:] != b"." and (part := self._sock.recv(65536)):
            received += part
        return received

    def ask(self, data: bytes) -> bytes:
        self.send(data)
        return self.answer()

    def is_reset(self) -> bool:
        """Whether the response is cut."""
        try:
            while self._sock.recv(65536):
                continue
        except ConnectionResetError:
            return True
        return False


Connect = Callable[[], Client]


@pytest.fixture
def clients() -> Iterator[contextlib.ExitStack]:
    """Closes the clients of a test."""
    with contextlib.ExitStack() as stack:
        yield stack


@contextlib.contextmanager
def serving(
    site: Site,
    clients: contextlib.ExitStack,
    *,
    at_once: int = 100,
    timeout: float = SECONDS,
    kind: type[Server] = Server,
) -> Iterator[Connect]:
    """A threaded server; yields what connects to it."""
    server = kind(
        site,
        concurrency=THREADS,
        timeout=timeout,
        limits=PlaceLimits(http=1000, at_once=at_once),
        unsent=Unsent(10 * len(LARGE)),
        terminator=None,
        listening=[ListeningSocket(each) for each in server_endpoints("127.0.0.1", 0)],
    )

    def connect() -> Client:
        client = Client(server)
        clients.callback(client.close)
        return client

    with server, in_thread(server):
        try:
            yield connect
        finally:
            site.gate.set()


def test_connections_without_a_request_take_no_thread(clients):
    """Neither silent ones nor those that have sent a part of it."""
    with serving(Site(), clients, at_once=4) as connect:
        assert connect().ask(PAGE).startswith(b"HTTP/1.1 200 ")
        before = threading.active_count()
        waiting = [connect() for _ in range(100)]
        for number, client in enumerate(waiting):
            client.send(PAGE[: number % len(PAGE)])
        assert connect().ask(PAGE).startswith(b"HTTP/1.1 200 ")
        assert threading.active_count() <= before + 2
        for number, client in enumerate(waiting):
            rest = PAGE[number % len(PAGE) :]
            assert client.ask(rest).startswith(b"HTTP/1.1 200 ")


@pytest.mark.parametrize("at_once", [4, 100], ids=["gone", "waiting"])
@pytest.mark.parametrize("size", [1, len(PAGE) - 4, len(PAGE), len(PAGE) + 7])
def test_next_request_may_come_in_part_and_late(clients, size, at_once):
    """A part came with the one before it; the thread waits, if there are many."""
    with serving(Site(), clients, at_once=at_once) as connect:
        client = connect()
        both = PAGE + PAGE
        client.send(both[:size])
        time.sleep(0.1)  # it is right also when this is not long enough
        client.send(both[size : len(PAGE) + size])
        time.sleep(0.1)
        client.send(both[len(PAGE) + size :])
        received = client.answer()
        while received.count(b"HTTP/1.1 200 ") < 2:
            received += client.answer()


def test_body_that_came_with_the_head_is_read(clients):
    """And what follows it is the next request, also if all is larger than a buffer."""
    field = b"X: " + b"x" * 5000 + b"\r\n"
    post = b"POST /" + HOST + field + b"Content-Length: 20000\r\n\r\n" + b"b" * 20_000
    with serving(Site(), clients) as connect:
        client = connect()
        received = client.ask(post + post + PAGE)
        while received.count(b"HTTP/1.1 200 ") < 3:
            received += client.answer()
        assert received.count(b"b" * 20_000 + b".") == 2


def test_requests_beyond_the_limit_wait_for_their_turn(clients):
    """Everybody is answered, and never more at once."""
    site = Site()
    with serving(site, clients, at_once=2) as connect:
        waiting = [connect() for _ in range(8)]
        for client in waiting:
            client.send(b"GET /wait" + HOST + b"\r\n")
        site.wait_for(2)
        site.gate.set()
        assert all(client.answer()[-1:] == b"." for client in waiting)
    assert site.most == 2
    assert not any(site.inherited)  # each has a context of its own


def test_long_polls_leave_their_places_to_others(clients):
    """As many as there are places."""
    site = Site()
    with serving(site, clients, at_once=2) as connect:
        polls = [connect() for _ in range(4)]
        for poll in polls[:2]:
            poll.send(b"GET /poll" + HOST + b"\r\n")
        site.wait_for(2)
        assert connect().ask(PAGE)[-1:] == b"."
        for poll in polls[2:]:  # one has a place now that a page could have
            poll.send(b"GET /poll" + HOST + b"\r\n")
        site.wait_for(3)
        site.gate.set()
        assert all(poll.answer()[-1:] == b"." for poll in polls)
        assert connect().ask(PAGE)[-1:] == b"."
    assert site.most == 4


def test_clients_that_keep_their_bodies_back_make_way(clients):
    """When others wait, those who have been waited for longest are answered 408."""
    site = Site()
    head = b"POST /" + HOST + b"Content-Length: 2\r\n\r\n"
    with serving(site, clients, at_once=2) as connect:
        slow = [connect() for _ in range(2)]
        for client in slow:
            client.send(head + b"x")
        site.wait_for(2)
        others = [connect() for _ in range(2)]
        for client in others:
            client.send(PAGE)
        assert all(client.answer()[-1:] == b"." for client in others)
        assert all(b"HTTP/1.1 408 " in client.answer() for client in slow)


def test_clients_that_do_not_take_their_responses_make_way(clients):
    """Theirs end with a reset."""
    site = Site()
    with serving(site, clients, at_once=1) as connect:
        slow = connect()
        slow.send(b"GET /large" + HOST + b"\r\n")
        site.wait_for(1)
        assert connect().ask(PAGE)[-1:] == b"."
        assert slow.is_reset()


def test_clients_that_send_on_after_the_answer_take_no_thread(clients):
    """Their connections stay open for a moment, so that they read it."""
    upload = b"POST /skip" + HOST + b"Content-Length: 1000000\r\n\r\n"
    with serving(Site(), clients, at_once=1) as connect:
        sending = [connect() for _ in range(5)]
        for client in sending:
            assert client.ask(upload)[-1:] == b"."
            client.send(b"x" * 10_000)
        assert connect().ask(PAGE)[-1:] == b"."
        # Closed, and not reset.
        assert all(client.answer() == b"" for client in sending)


def test_requests_that_work_do_not_make_way(clients):
    """Those who wait have to wait: only a client's own fault counts."""
    site = Site()
    with serving(site, clients, at_once=1) as connect:
        working, waiting = connect(), connect()
        working.send(b"GET /wait" + HOST + b"\r\n")
        site.wait_for(1)
        waiting.send(PAGE)
        time.sleep(1.2)  # longer than a client would be waited for
        site.gate.set()
        assert working.answer()[-1:] == b"."
        assert waiting.answer()[-1:] == b"."


class Full(Server):
    """A server on a system that has no thread left."""

    def spawn(self, function, *args) -> None:
        raise RuntimeError("can't start new thread")


def test_client_without_a_thread_can_read_why(clients):
    """What it has sent is not read, and yet the answer is not lost by a reset."""
    upload = b"POST /" + HOST + b"Content-Length: 100000\r\n\r\n" + b"x" * 100_000
    with serving(Site(), clients, kind=Full) as connect:
        client = connect()
        client.send(upload)
        assert client.answer().startswith(b"HTTP/1.1 503 ")


def test_half_heads_are_weighed(clients):
    """Beyond the limit the ones that were begun first are answered 503."""
    part = b"GET /" + HOST + b"X: " + b"x" * 60_000
    with serving(Site(), clients) as connect:
        waiting = [connect() for _ in range(MOST_AHEAD // len(part) + 10)]
        for client in waiting:
            client.send(part)
        assert b"HTTP/1.1 503 " in waiting[0].answer()
        assert connect().ask(PAGE)[-1:] == b"."
        assert waiting[-1].ask(b"\r\n\r\n").startswith(b"HTTP/1.1 200 ")


def test_silent_connection_ends_when_its_time_is_over(clients):
    """Also after a request; nothing is said."""
    with serving(Site(), clients, timeout=0.2) as connect:
        silent, empty, served = connect(), connect(), connect()
        empty.send(b"\r\n")
        assert served.ask(PAGE)[-1:] == b"."
        assert silent.answer() == empty.answer() == served.answer() == b""


@pytest.mark.parametrize("before", [b"", PAGE])
def test_half_head_is_answered_when_its_time_is_over(clients, before):
    """Although bytes came all the time, maybe."""
    with serving(Site(), clients, timeout=0.2) as connect:
        client = connect()
        client.send(before + b"GET /secret")
        received = client.answer()
        while b" 408 " not in received:
            more = client.answer()
            assert more
            received += more
        assert b"did not arrive within 0.2 seconds" in received


def test_connections_that_wait_end_with_the_server(clients):
    """At once, whatever they have sent."""
    site = Site()
    with serving(site, clients) as connect:
        waiting = [connect() for _ in range(3)]
        waiting[1].send(b"GET")
        assert waiting[2].ask(PAGE)[-1:] == b"."
    assert all(client.answer() == b"" for client in waiting)
