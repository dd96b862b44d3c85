"""Calls that wait for other calls: never for ever, whoever waits; on both servers."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from urllib.request import urlopen

import pytest

from tests.patience import SECONDS
from tests.programs import Server, app_commands, running
from tests.wamp.apps.nested import SUBSCRIBERS, WORKERS
from tests.wamp.call_kit import Peer
from tests.wamp.raw_client import (
    CALL,
    ERROR,
    HELLO,
    INVOCATION,
    PUBLISH,
    RESULT,
    ROLES,
    WELCOME,
)

AUTHENTICATE, CHALLENGE = 5, 4
UNAVAILABLE = "wamp.error.unavailable"
MANY = 2 * WORKERS
MOST_WAITING = 64  # workers
USERS = 70  # more than there are threads for authorizers

pytestmark = pytest.mark.processes

PROCEDURES = pytest.mark.parametrize(
    ("procedure", "value"),
    [("outer", "outer"), ("fan", [*range(20)]), ("sum", 10)],
    ids=["call", "calls", "progress"],
)


@pytest.fixture(params=["threads", "gevent"])
def server(request, tmp_path) -> Iterator[Server]:
    """A server of its own for each test: its gate is closed."""
    log = tmp_path / "log"
    with running(app_commands("tests.wamp.apps.nested")[request.param], log) as server:
        yield server
    assert "Traceback" not in log.read_text(), log.read_text()


@pytest.fixture
def client(server) -> Iterator[Callable[[], Peer]]:
    with contextlib.ExitStack() as stack:

        def join() -> Peer:
            peer = Peer(server.ws())
            stack.callback(peer.close)
            return peer.join()

        yield join


def until(client, procedure, least):
    """Wait until a procedure that counts has counted to this."""
    deadline = time.monotonic() + SECONDS
    while client.succeeded(client.call(f"com.example.{procedure}"))[0][0] < least:
        assert time.monotonic() < deadline
        time.sleep(0.01)


def open_gate(client, *, begun):
    """When so many wait for that."""
    until(client, "begun", begun)
    client.succeeded(client.call("com.example.open_gate"))


def answers(caller, count):
    """The next answers of calls, by request: the value or the error's URI and text."""
    found = {}
    while len(found) < count:
        kind, *rest = caller.receive()
        if kind == RESULT:
            found[rest[0]] = rest[2][0]
        else:
            assert (kind, rest[0]) == (ERROR, CALL)
            found[rest[1]] = rest[3], rest[4][0]
    return found


@PROCEDURES
def test_twice_as_many_sessions_as_workers(client, procedure, value):
    """All workers wait for calls, which nobody else could run."""
    other, callers = client(), [client() for _ in range(MANY)]
    requests = [caller.call(f"com.example.{procedure}") for caller in callers]
    open_gate(other, begun=WORKERS)
    for caller, request in zip(callers, requests, strict=True):
        assert caller.succeeded(request) == [[value]]


@PROCEDURES
def test_many_calls_of_one_session(client, procedure, value):
    """Its own inner calls come before its outer ones."""
    other, caller = client(), client()
    requests = [caller.call(f"com.example.{procedure}") for _ in range(10 * WORKERS)]
    open_gate(other, begun=WORKERS // 2)
    found = answers(caller, len(requests))
    assert found == dict.fromkeys(requests, value)


def test_pages_that_call_what_calls(server, client):
    """The application is one caller, for its outer and for its inner calls."""
    other = client()
    with ThreadPoolExecutor(4 * WORKERS) as pool:
        pages = [
            pool.submit(lambda: urlopen(server.http("/outer"), timeout=SECONDS).read())
            for _ in range(4 * WORKERS)
        ]
        open_gate(other, begun=WORKERS // 2)
        assert {page.result() for page in pages} == {b"outer"}


def test_subscribers_that_call(client):
    """They run in the same workers."""
    other = client()
    other.send(PUBLISH, 1, {}, "com.example.topic")
    open_gate(other, begun=WORKERS)
    until(other, "done", SUBSCRIBERS)


def test_a_client_that_calls_back(client):
    """The procedure waits for a client, which waits for the application."""
    callee, callers = client(), [client() for _ in range(MANY)]
    callee.register("com.client.confirm")
    requests = [caller.call("com.example.ask") for caller in callers]
    open_gate(client(), begun=WORKERS)
    waiting, finished = {}, 0
    while finished < MANY:
        kind, number, *rest = callee.receive()
        if kind == INVOCATION:
            waiting[callee.call("com.example.inner")] = number
        else:
            assert (kind, rest) == (RESULT, [{}, ["inner"]])
            callee.finish_call(waiting.pop(number), ["yes"])
            finished += 1
    for caller, request in zip(callers, requests, strict=True):
        assert caller.succeeded(request) == [["yes"]]


def test_a_chain_of_calls_is_bounded(client):
    """A long one works; one that never ends gets an ERROR that names the limit."""
    caller = client()
    assert caller.succeeded(caller.call("com.example.deep", [30])) == [[30]]
    request = caller.call("com.example.deep", [1000])
    error, text = answers(caller, 1)[request]
    assert error == UNAVAILABLE
    assert f"of {MOST_WAITING} more may" in text
    assert caller.succeeded(caller.call("com.example.deep", [30])) == [[30]]


def test_more_than_may_wait_are_told_so(client):
    """And nobody else waits for them."""
    callee, caller, other = client(), client(), client()
    callee.register("com.client.confirm")
    for _ in range(MOST_WAITING):
        caller.call("com.example.ask")
    open_gate(other, begun=WORKERS // 2)
    refused = answers(caller, MOST_WAITING // 2)
    assert {error for error, _ in refused.values()} == {UNAVAILABLE}
    assert all(f"of {MOST_WAITING} more may" in text for _, text in refused.values())
    request = other.call("com.example.outer")
    assert other.succeeded(request) == [["outer"]]
    for _ in range(MOST_WAITING // 2):
        callee.finish_call(callee.receive()[1], ["yes"])
    assert set(answers(caller, MOST_WAITING // 2).values()) == {"yes"}


def test_who_gives_up_waiting_goes_on(client):
    """With a timeout nothing is left of the call that the client never answers."""
    callee, caller = client(), client()
    callee.register("com.client.confirm")
    requests = [caller.call("com.example.impatient") for _ in range(MANY)]
    open_gate(client(), begun=WORKERS // 2)
    found = answers(caller, MANY)
    assert found == dict.fromkeys(requests, "wamp.error.timeout")
    until(caller, "begun", MANY)


def test_callers_that_leave_keep_nobody_waiting(client):
    """What has begun for them ends as it would, and its workers are free."""
    other, callers = client(), [client() for _ in range(MANY)]
    for caller in callers:
        caller.call("com.example.outer")
    until(other, "begun", WORKERS)
    for caller in callers:
        caller.close()
    other.succeeded(other.call("com.example.open_gate"))
    assert other.succeeded(other.call("com.example.outer")) == [["outer"]]


def test_an_authorizer_that_asks_a_client(server, client):
    """The client answers when more have asked than there are workers."""
    callee = client()
    callee.register("com.client.confirm")
    users = []
    for _ in range(USERS):
        users.append(user := Peer(server.ws()))
        details = {"roles": ROLES, "authid": "joe", "authmethods": ["ticket"]}
        user.send(HELLO, "guarded", details)
        assert user.receive()[0] == CHALLENGE
        user.send(AUTHENTICATE, "secret", {})
        assert user.receive()[0] == WELCOME
    requests = [user.call("com.example.nobody") for user in users]
    asked = [callee.receive() for _ in users]
    for message in asked:
        callee.finish_call(message[1], ["yes"])
    for user, request in zip(users, requests, strict=True):
        assert user.failed(request) == "wamp.error.no_such_procedure"
        user.close()
