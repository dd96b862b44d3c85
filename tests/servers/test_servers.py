"""HTTP, plain websockets and WAMP on every WSGI server, started by its own command."""

from __future__ import annotations

import http.client
import json
from collections.abc import Iterator
from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait
from contextlib import ExitStack, closing, contextmanager
from typing import Any, NamedTuple

import pytest

from tests.core.wire import CLOSE, TEXT, client_frame
from tests.servers.clients import (
    CALL,
    GOODBYE,
    PUBLISH,
    REGISTER,
    REGISTERED,
    SAY_HELLO,
    SECONDS,
    SUBSCRIBE,
    SUBSCRIBED,
    WELCOME,
    Poller,
    Wamp,
    connect,
    exchange,
    is_silent,
    plain,
    says,
    upgrade_request,
)
from tests.servers.conftest import EVERY_KIND
from tests.servers.processes import KINDS, Site

NORMAL_CLOSURE = (1000).to_bytes(2, "big")
SESSIONS = 12
CYCLES = 200
CENSUS_ATTEMPTS = 100  # requests until a server must have put everything away


# A client must wait for the response (RFC 6455 section 4.1); most servers keep what one
# sends before.
KEEPS_EARLY_BYTES = pytest.mark.parametrize(
    "running_site",
    [each for each in EVERY_KIND if not KINDS[str(each.values[0])].loses_early_bytes],
    indirect=True,
)


class Crowd(NamedTuple):
    """A plain websocket and twelve sessions, all open; the first one is a callee."""

    echo: Any
    sessions: list[Wamp]


@contextmanager
def crowd(site: Site) -> Iterator[Crowd]:
    """Open them all; leave properly, the plain websocket included."""
    with closing(plain(site, "/echo")) as echo:
        sessions = [Wamp(site) for _ in range(SESSIONS)]
        request = sessions[0].request(REGISTER, {}, "com.example.client")
        assert sessions[0].receive()[:2] == [REGISTERED, request]
        for session in sessions:
            session.subscribe("com.example.news")
        yield Crowd(echo, sessions)
        for session in sessions:
            session.leave()


def census(site: Site) -> dict[str, int]:
    return dict(json.loads(site.get("/census")))


def everybody_talks(crowd: Crowd) -> None:
    """A plain echo, calls between sessions and into the process, an event for all."""
    assert says(crowd.echo, "hello") == "hello"
    callee, *callers = crowd.sessions
    for number, caller in enumerate(callers):
        request = caller.call("com.example.client", number)
        callee.serve_one_call()
        assert caller.result(request) == number
        assert caller.result(caller.call("com.example.add", number, 1)) == number + 1
    callee.request(PUBLISH, {}, "com.example.news", ["from a session"])
    assert [each.event() for each in callers] == [["from a session"]] * len(callers)


def wake(crowd: Crowd) -> None:
    """Wake one of those that sleep."""
    session = crowd.sessions[0]
    assert session.result(session.call("com.example.wake")) == "woken"


@KEEPS_EARLY_BYTES
def test_frames_sent_along_with_the_request_are_not_lost(site):
    """A frame in the segment of the request is answered, and nothing follows Close."""
    frames = [client_frame(TEXT, b"early"), client_frame(CLOSE, NORMAL_CLOSURE)]
    head, answers = exchange(site, upgrade_request("/echo") + b"".join(frames))
    assert head.startswith(b"HTTP/1.1 101 ")
    assert [each[:2] for each in answers] == [(TEXT, b"early"), (CLOSE, NORMAL_CLOSURE)]


@KEEPS_EARLY_BYTES
def test_a_session_on_the_wire_has_nothing_but_websocket_frames(site):
    """HELLO and GOODBYE may come with the request; nothing follows the Close frame."""
    said = [SAY_HELLO, [GOODBYE, {}, "wamp.close.close_realm"]]
    frames = [client_frame(TEXT, json.dumps(each).encode()) for each in said]
    frames.append(client_frame(CLOSE, NORMAL_CLOSURE))
    request = upgrade_request("/any", "Sec-WebSocket-Protocol: wamp.2.json")
    head, answers = exchange(site, request + b"".join(frames))
    assert head.startswith(b"HTTP/1.1 101 ")
    messages = [json.loads(each.payload) for each in answers[:-1]]
    assert [each[0] for each in messages] == [WELCOME, GOODBYE]
    assert answers[-1].opcode == CLOSE


def test_a_refused_upgrade_is_an_ordinary_response(site):
    """A wrong version is answered over HTTP, with the versions that are spoken."""
    headers = {
        "Upgrade": "websocket",
        "Connection": "Upgrade",
        "Sec-WebSocket-Version": "99",
    }
    connection = http.client.HTTPConnection("127.0.0.1", site.port, timeout=SECONDS)
    with closing(connection):
        connection.request("GET", "/echo", headers=headers)
        response = connection.getresponse()
        assert response.status == 426
        assert "13" in response.headers["Sec-WebSocket-Version"]
        assert b"Sec-WebSocket-Version" in response.read()


@pytest.mark.parametrize(
    ("header", "body"),
    [
        ("Transfer-Encoding: chunked", b"2\r\nab\r\n0\r\n\r\n"),
        ("Content-Length: 2", b"ab"),
    ],
)
def test_an_upgrade_request_with_a_body_is_refused(site, header, body):
    """The body would be taken for frames; we do not wait until it is there."""
    with connect(site) as sock:
        sock.sendall(upgrade_request("/echo", header))
        if site.kind.awaits_bodies:
            sock.sendall(body)
        assert b" 400 " in sock.recv(65536).partition(b"\r\n")[0]


def views_talk_to_everybody(site: Site, everybody: Crowd) -> None:
    """Views publish, call, and answer."""
    assert site.get("/") == "hello"
    assert site.get("/add") == "5"
    assert site.get("/announce") == "announced"
    heard = [session.event() for session in everybody.sessions]
    assert heard == [["from a view"]] * SESSIONS
    asker = everybody.sessions[0]
    asker.subscribe("com.example.answer")
    asker.request(PUBLISH, {}, "com.example.question", ["why"])
    assert asker.event() == ["answer to why"]


def test_twelve_sessions_and_a_plain_websocket_at_once(site):
    """While they are open they talk to each other, and HTTP views talk to them."""
    with crowd(site) as everybody:
        everybody_talks(everybody)
        views_talk_to_everybody(site, everybody)


def test_open_sessions_hold_no_thread_and_no_greenlet(site):
    """Twelve sessions more, and no thread for each, and not one greenlet more."""
    site.get("/add")  # the loop has started
    Wamp(site).leave()  # the first session has looked for other processes
    before = census(site)
    with ExitStack() as stack:
        sessions = [stack.enter_context(closing(Wamp(site))) for _ in range(SESSIONS)]
        settled(site, {**before, "descriptors": before["descriptors"] + SESSIONS})
        for session in sessions:
            session.leave()


def settled(site: Site, goal: dict[str, int]) -> dict[str, int]:
    """Ask until the server holds no more than *goal*, but not for ever."""
    goal = {**goal, "threads": goal["threads"] + site.kind.spare_threads}
    found: dict[str, int] = {}
    for _ in range(CENSUS_ATTEMPTS):
        found = census(site)
        if all(found[kind] <= number for kind, number in goal.items()):
            return found
    pytest.fail(f"the server holds {found}, expected {goal}")


def test_connections_leave_nothing_behind(site):
    """After 200 of each kind there are as many descriptors as before, and no threads
    but those that wait for the next.
    """
    with closing(plain(site, "/echo")), closing(Wamp(site)):
        site.get("/add")
    before = census(site)
    for _ in range(CYCLES):
        with closing(plain(site, "/echo")) as websocket:
            says(websocket, "hello")
        Wamp(site).leave()
    settled(site, before)


def test_vanished_peers_leave_nothing_behind(site):
    """A client that only ends the TCP connection costs nothing afterwards either."""
    with closing(plain(site, "/echo")), closing(Wamp(site)):
        site.get("/add")
    before = census(site)
    for _ in range(SESSIONS):
        plain(site, "/echo").shutdown()
        Wamp(site).websocket.shutdown()
    settled(site, before)


def test_sleeping_handlers_delay_nobody(site):
    """A websocket handler and a procedure sleep: everybody else goes on."""
    with crowd(site) as everybody, closing(plain(site, "/ws/nap")) as napping:
        caller = Wamp(site)
        request = caller.call("com.example.nap")
        assert site.get("/") == "hello"
        everybody_talks(everybody)
        assert is_silent(napping.sock)
        assert is_silent(caller.websocket.sock)
        wake(everybody)
        wake(everybody)
        assert napping.recv() == "rested"
        assert caller.result(request) == "rested"
        caller.leave()


def test_a_sleeping_view_delays_nobody(site):
    """An HTTP view sleeps: websockets go on, and HTTP where the server has threads."""
    with crowd(site) as everybody, connect(site) as napping:
        napping.sendall(b"GET /nap HTTP/1.1\r\nHost: localhost\r\n\r\n")
        if site.kind.concurrent_views:
            assert site.get("/") == "hello"
        everybody_talks(everybody)
        assert is_silent(napping)
        wake(everybody)
        with napping.makefile("rb") as answer:
            assert b" 200 " in answer.readline()


def test_a_session_that_polls_talks_to_the_others(site):
    """A poll that waits delays nobody, where the server has more than one thread."""
    poller = Poller(site)
    poller.send([SUBSCRIBE, 1, {}, "com.example.news"])
    assert poller.receive()[0] == SUBSCRIBED
    if site.kind.concurrent_views:
        with ThreadPoolExecutor() as pool:
            waiting = [pool.submit(poller.receive) for _ in range(2)]
            wait(waiting, return_when=FIRST_COMPLETED)  # the newer poll is there
            assert site.get("/") == "hello"
            assert site.get("/announce") == "announced"
            answers = [each.result() for each in waiting]
        assert None in answers
        answers.remove(None)
        assert answers[0][4] == ["from a view"]
    else:
        assert site.get("/announce") == "announced"
        assert poller.receive()[4] == ["from a view"]
    poller.send([CALL, 2, {}, "com.example.add", [2, 3]])
    assert poller.receive()[3] == [5]
    assert poller.post("close") == (204, b"")
    assert poller.post("receive")[0] == 404


def test_a_poll_that_was_given_up_takes_no_message(site):
    """The client has closed the connection: the message waits for its next poll."""
    poller = Poller(site)
    poller.send([SUBSCRIBE, 1, {}, "com.example.news"])
    assert poller.receive()[0] == SUBSCRIBED
    for _ in range(3):
        with connect(site) as sock:
            sock.sendall(poller.head("receive"))
    assert site.get("/announce") == "announced"
    assert poller.receive()[4] == ["from a view"]
    assert poller.post("close") == (204, b"")
