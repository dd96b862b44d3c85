"""Clients that do not say what they must: the router does not wait for ever."""

from __future__ import annotations

import threading
import time

import pytest

from tests.patience import SECONDS
from tests.wamp.raw_client import GOODBYE, WELCOME
from tests.wamp.realm_kit import AsAsked, enter, knock, payloads, result
from wsocket.wamp.auth import Ticket, TicketUser

pytestmark = pytest.mark.slow(reason="waits for deadlines")

PATIENCE = 0.5  # seconds: for clients that never come in
AMPLE = 2.0  # seconds: for those that do, also on a busy machine
USERS = {"joe": TicketUser(ticket="secret!", role="user")}
TICKET = {"authid": "joe", "authmethods": ["ticket"]}


@pytest.fixture
def router(serve):
    return serve(auth=[Ticket(USERS), AsAsked()], join_timeout=AMPLE)


@pytest.fixture
def impatient(serve):
    return serve(auth=[Ticket(USERS), AsAsked()], join_timeout=PATIENCE)


def test_silent_client_is_aborted(impatient, serializer):
    """Not before its time, and not much later."""
    started = time.monotonic()
    client = impatient.connect(serializer)
    assert "late" in client.aborted()
    assert PATIENCE * 0.9 <= time.monotonic() - started < 10


def test_challenged_client_must_answer(router):
    """The deadline is for the whole way in: HELLO does not buy time."""
    client = router.connect()
    started = time.monotonic()
    assert knock(client, **TICKET)[0] == 4
    assert "AUTHENTICATE" in client.aborted()
    assert time.monotonic() - started < 10


def test_session_is_not_ended(router):
    """Who is in may be silent."""
    client = router.join()
    late = router.connect()
    late.aborted()
    assert client.until_now() == []


def test_client_that_logs_in_in_time_is_not_ended(router):
    """With a CHALLENGE as well."""
    client = router.connect()
    knock(client, **TICKET)
    client.send(5, "secret!", {})
    assert client.receive()[0] == WELCOME
    late = router.connect()
    late.aborted()
    assert client.until_now() == []


def test_transport_without_a_session_is_ended(router):
    """After GOODBYE the time runs anew."""
    client = router.join()
    client.leave()
    assert "late" in client.aborted()


def test_next_session_in_time_stops_the_clock(router):
    """And it is not ended."""
    client = router.join()
    client.leave()
    enter(client, "joe", "user")
    late = router.connect()
    late.aborted()
    assert client.until_now() == []


def test_killed_client_must_say_goodbye(router):
    """If it does not, the transport is closed without another word."""
    operator, client = router.join(), router.join("joe")
    result(operator, "wamp.session.kill", client.session)
    assert client.receive()[0] == GOODBYE
    assert client.end() == 1000


def test_client_that_vanishes_on_its_way_in_is_forgotten(router):
    """Its deadline goes with it; nobody is told of it."""
    watcher = router.join()
    watcher.subscribe("wamp.session.", match="prefix")
    client = router.connect()
    knock(client, **TICKET)
    client.close()
    router.connect().aborted()  # later than the other's deadline would have been
    assert watcher.until_now() == []


def test_login_that_takes_too_long_is_ended(serve):
    """However long the application thinks: its answer comes too late."""
    answer, done = threading.Event(), threading.Event()

    def users(request):
        answer.wait(SECONDS)
        done.set()
        return USERS["joe"]

    router = serve(auth=[Ticket(users), AsAsked()], join_timeout=AMPLE)
    watcher = router.join()
    watcher.subscribe("wamp.session.", match="prefix")
    client = router.connect()
    code, details, _ = knock(client, **TICKET)
    assert code == 3
    assert "late" in details["message"]
    answer.set()
    assert done.wait(SECONDS)
    router.join("marker")
    assert [args[0]["authid"] for args in payloads(watcher)] == ["marker"]
