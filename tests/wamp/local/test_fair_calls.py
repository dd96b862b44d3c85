"""One caller cannot keep the others waiting, nor fill the memory; on both servers."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator

import pytest

from tests.patience import SECONDS
from tests.programs import app_commands, running
from tests.wamp.call_kit import Peer
from tests.wamp.raw_client import CALL, CANCEL, ERROR, HELLO, RESULT, ROLES, WELCOME

AUTHENTICATE, CHALLENGE = 5, 4
UNAVAILABLE = "wamp.error.unavailable"
MEGABYTE = 2**20
FLOOD = {"threads": 64, "gevent": 1000}

pytestmark = pytest.mark.processes


@pytest.fixture(params=list(FLOOD))
def kind(request) -> str:
    return request.param


@pytest.fixture
def url(kind, tmp_path) -> Iterator[str]:
    """A server of its own for each test: what one leaves running is not the next's."""
    log = tmp_path / "log"
    with running(app_commands("tests.wamp.apps.workers")[kind], log) as server:
        yield server.ws()
    assert "Traceback" not in log.read_text(), log.read_text()


@pytest.fixture
def guest(url) -> Iterator[Callable[..., Peer]]:
    with contextlib.ExitStack() as stack:

        def join() -> Peer:
            client = Peer(url)
            stack.callback(client.close)
            return client.join()

        yield join


def log_in(url) -> Peer:
    """A user, whom the realm has asked for a ticket."""
    client = Peer(url)
    details = {"roles": ROLES, "authid": "joe", "authmethods": ["ticket"]}
    client.send(HELLO, "realm1", details)
    assert client.receive()[0] == CHALLENGE
    client.send(AUTHENTICATE, "secret", {})
    assert client.receive()[0] == WELCOME
    return client


def value(client, procedure, *args):
    """What a procedure returns."""
    request = client.call(f"com.example.{procedure}", list(args))
    return client.succeeded(request)[0][0]


def until(client, procedure, least):
    """Wait until a procedure that counts has counted to this."""
    deadline = time.monotonic() + SECONDS
    while value(client, procedure) < least:
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_slow_calls_of_one_guest_leave_logins_and_calls_to_others(url, guest, kind):
    """Also right after the guest has left, with its calls still running."""
    attacker = guest()
    for _ in range(FLOOD[kind] + 100):
        attacker.call("com.example.slow")
    other = guest()
    until(other, "begun", FLOOD[kind] // 2)
    for _ in range(2):
        user = log_in(url)
        assert value(user, "quick", "user") == "user"
        assert value(other, "quick", "guest") == "guest"
        user.close()
        attacker.close()
    again = guest()
    for _ in range(FLOOD[kind] // 4):
        again.call("com.example.slow")
    until(other, "begun", FLOOD[kind] // 2 + FLOOD[kind] // 4)
    assert value(other, "begun") == FLOOD[kind] * 3 // 4
    user = log_in(url)
    assert value(user, "quick", "user") == "user"
    user.close()
    value(other, "open_gate")


def test_what_is_canceled_before_it_starts_never_starts(guest, kind):
    """However often somebody tries."""
    attacker, other = guest(), guest()
    for _ in range(FLOOD[kind] // 2):
        attacker.call("com.example.slow")
    until(other, "begun", FLOOD[kind] // 2)
    for _ in range(200):
        request = attacker.call("com.example.slow")
        attacker.send(CANCEL, request, {"mode": "killnowait"})
        assert attacker.failed(request) == "wamp.error.canceled"
    killed = attacker.call("com.example.slow")
    attacker.send(CANCEL, killed, {"mode": "kill"})
    assert attacker.failed(killed) == "wamp.error.canceled"
    last = attacker.call("com.example.slow", ["last"])
    value(other, "open_gate")
    while attacker.receive()[1] != last:
        pass
    assert value(other, "begun") == FLOOD[kind] // 2 + 1


def test_large_calls_that_wait_are_refused_beyond_a_budget(guest):
    """The ERROR names it; what the caller has left waiting is freed at once."""
    attacker, other = guest(), guest()
    before = value(other, "memory")
    attacker.ws.settimeout(SECONDS)
    data = "x" * (MEGABYTE - 100)
    refused = 0
    for _ in range(100):
        attacker.call("com.example.slow", [data])
    while refused < 80:
        message = attacker.receive()
        assert message[:2] == [ERROR, CALL]
        assert message[4] == UNAVAILABLE
        assert "calls that wait or run" in message[5][0]
        refused += 1
    assert value(other, "memory") - before < 60 * MEGABYTE
    attacker.close()
    assert value(other, "quick", data) == data
    value(other, "open_gate")


def test_a_generator_lets_others_in(guest):
    """Who reads as fast as it can does not keep the others waiting."""
    caller, other = guest(), guest()
    request = caller.call("com.example.endless", receive_progress=True)
    worst = 0.0
    for _ in range(20):
        begin = time.monotonic()
        assert value(other, "quick", 1) == 1
        worst = max(worst, time.monotonic() - begin)
        for _ in range(20):
            assert caller.receive()[:3] == [RESULT, request, {"progress": True}]
    assert worst < 5  # it was for ever
    caller.cancel(request, "kill")
    while (message := caller.receive())[0] == RESULT:
        pass
    assert message[4] == "wamp.error.canceled"


def test_a_generator_waits_for_a_caller_that_does_not_read(guest):
    """It is not ahead of the caller by more than a little; and all comes in the end."""
    caller, other = guest(), guest()
    before = value(other, "memory")
    count = 2500
    request = caller.call("com.example.numbers", [count, 20_000], receive_progress=True)
    highest = 0
    end = time.monotonic() + 2
    while time.monotonic() < end:
        highest = max(highest, value(other, "memory") - before)
    assert highest < 20 * MEGABYTE
    for number in range(count):
        message = caller.receive()
        assert message[:3] == [RESULT, request, {"progress": True}]
        assert message[3][0].startswith(f"{number}x")
    assert caller.succeeded(request) == []


def test_a_generator_ends_when_its_caller_leaves(guest):
    """Also while it waits for the caller to read."""
    caller, other = guest(), guest()
    for _ in range(3):
        caller.call("com.example.endless", [10_000], receive_progress=True)
    for _ in range(20):
        assert value(other, "quick", 1) == 1
    caller.close()
    until(other, "closed", 3)


@pytest.mark.parametrize("kind", ["threads"], indirect=True)
def test_generators_whose_callers_do_not_read_need_no_workers(guest, kind):
    """There are more of them than workers, and a call is answered all the same."""
    other = guest()
    callers = [guest() for _ in range(FLOOD[kind] + 16)]
    for caller in callers:
        for _ in range(2):
            caller.call("com.example.endless", [10_000], receive_progress=True)
    for _ in range(20):
        assert value(other, "quick", 1) == 1
    for caller in callers:
        caller.close()
    until(other, "closed", FLOOD[kind] + 16)


@pytest.mark.parametrize("kind", ["threads"], indirect=True)
def test_more_of_them_than_may_wait_are_refused(guest):
    """One caller may have no more than are free: half of four times the workers."""
    caller, other = guest(), guest()
    for _ in range(200):
        caller.call("com.example.endless", [10_000], receive_progress=True)
    until(other, "opened", 150)
    while (message := caller.receive())[0] == RESULT:
        pass
    assert message[4] == UNAVAILABLE
    assert "for it to read" in message[5][0]


def test_a_list_that_a_generator_gathers_is_bounded(guest):
    """For a caller that asked for no progressive results."""
    caller = guest()
    request = caller.call("com.example.endless", [100_000])
    message = caller.receive()
    assert message[:3] == [ERROR, CALL, request]
    assert message[4] == "wamp.error.payload_size_exceeded"
    assert "receive_progress" in message[5][0]
