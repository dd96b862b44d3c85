"""The order of messages on the way in, and clients that do not keep to it."""

from __future__ import annotations

import threading

import pytest

from tests.patience import SECONDS
from tests.wamp.raw_client import (
    ABORT,
    CALL,
    GOODBYE,
    HELLO,
    PUBLISH,
    REGISTER,
    SUBSCRIBE,
    WELCOME,
    YIELD,
)
from tests.wamp.realms.conftest import (
    ALL,
    DENIED,
    AsAsked,
    knock,
    payloads,
    roles_with,
    turned_away,
)
from tests.wamp.realms.logins import (
    AUTHENTICATE,
    CHALLENGE,
    Login,
    challenged,
    log_in,
)
from wsocket import Role
from wsocket.wamp.auth import Ticket, TicketUser

EARLY = [
    [GOODBYE, {}, "wamp.close.close_realm"],
    [SUBSCRIBE, 1, {}, "com.example.topic"],
    [PUBLISH, 1, {}, "com.example.topic"],
    [CALL, 1, {}, "wamp.session.count"],
    [REGISTER, 1, {}, "com.example.procedure"],
    [YIELD, 1, {}],
    [HELLO, "realm1", {"roles": {"caller": {}}}],
]


def test_authenticate_without_challenge_is_a_violation(alone):
    """Before HELLO, and in a session."""
    router = alone("ticket")
    client = router.connect()
    client.send(AUTHENTICATE, "secret!", {})
    assert "AUTHENTICATE" in client.aborted()
    client = router.connect()
    log_in(client, Login("ticket"))
    client.send(AUTHENTICATE, "secret!", {})
    assert "AUTHENTICATE" in client.aborted()


@pytest.mark.parametrize("message", EARLY, ids=lambda message: str(message[0]))
def test_nothing_but_authenticate_answers_a_challenge(alone, message):
    """Everything else is a violation, and nothing of it is done."""
    client = alone("ticket").connect()
    challenged(client, Login("ticket"))
    client.send(*message)
    client.aborted()


@pytest.mark.parametrize(
    "message", [*EARLY, [AUTHENTICATE, "x", {}]], ids=lambda message: str(message[0])
)
def test_client_must_wait_for_the_answer_to_hello(serve, message):
    """Who goes on before it is a violation; a late answer changes nothing."""
    asked, answer, done = threading.Event(), threading.Event(), threading.Event()

    def users(request):
        asked.set()
        answer.wait(SECONDS)
        done.set()
        return TicketUser(ticket="secret!", role="user")

    client = serve(auth=[Ticket(users)]).connect()
    client.send(HELLO, "realm1", {"roles": roles_with(()), **Login("ticket").hello()})
    assert asked.wait(SECONDS)
    client.send(*message)
    client.aborted()
    answer.set()
    assert done.wait(SECONDS)


@pytest.mark.parametrize(
    "malformed",
    [
        [AUTHENTICATE],
        [AUTHENTICATE, "x"],
        [AUTHENTICATE, 5, {}],
        [AUTHENTICATE, None, {}],
        [AUTHENTICATE, "x", []],
        [AUTHENTICATE, "x", None],
    ],
)
def test_malformed_authenticate_is_a_violation(alone, malformed, serializer):
    """By the decoder, before anything is compared."""
    client = alone("ticket").connect(serializer)
    challenged(client, Login("ticket"))
    client.send(*malformed)
    assert "AUTHENTICATE" in client.aborted()


def test_client_may_abort_a_login(alone, serializer):
    """It is not answered."""
    client = alone("ticket").connect(serializer)
    challenged(client, Login("ticket"))
    client.send(ABORT, {}, "com.example.reason")
    assert client.end() == 1000


@pytest.mark.parametrize("when", ["hello", "authenticate"])
def test_disconnect_during_a_login_leaves_nothing_behind(serve, when):
    """The answer comes when the client is gone: nobody joins."""
    asked, answer = threading.Event(), threading.Event()

    def wait(stage):
        if stage == when:
            asked.set()
            answer.wait(SECONDS)

    def is_right(given):
        wait("authenticate")
        return True

    def users(request):
        if request.authid == "joe":
            wait("hello")
        return TicketUser(ticket=is_right, role="user")

    router = serve(auth=[Ticket(users), AsAsked()])
    watcher = router.join("watcher")
    watcher.subscribe("wamp.session.", match="prefix")
    client = router.connect()
    client.send(HELLO, "realm1", {"roles": roles_with(()), **Login("ticket").hello()})
    if when == "authenticate":
        assert client.receive()[0] == CHALLENGE
        client.send(AUTHENTICATE, "secret!", {})
    assert asked.wait(SECONDS)
    client.close()
    router.join("marker").leave()  # by now the router has read that it is gone
    answer.set()
    follower = router.join("follower").session
    found = {args[0]["session"] for args in payloads(watcher) if type(args[0]) is dict}
    assert follower in found
    assert len(found) == 2  # and the marker


def test_transport_carries_another_session_with_another_identity(serve, serializer):
    """After GOODBYE: new ID, new role, new features, nothing left of the old one."""
    router = serve(
        auth=[
            Ticket({"joe": TicketUser(ticket="secret!", role="user")}),
            AsAsked(),
        ],
        roles=[Role("user", [ALL]), Role("nobody")],
    )
    client = router.connect(serializer)
    code, first, _ = log_in(client, Login("ticket"))
    assert code == WELCOME
    client.subscribe("com.example.topic")
    client.leave()
    hello = {"authid": "jim", "authmethods": ["asked"], "authextra": {"role": "nobody"}}
    code, second, welcome = knock(client, **hello)
    assert code == WELCOME
    assert second != first
    assert (welcome["authid"], welcome["authrole"]) == ("jim", "nobody")
    answer = client.request(SUBSCRIBE, {}, "com.example.topic")
    assert answer[4] == "wamp.error.not_authorized"
    router.join("kim", "user").publish("com.example.topic", [1])
    assert client.until_now() == []


def test_login_may_fail_on_a_reused_transport(alone):
    """The former session gives no credit."""
    client = alone("ticket").connect()
    assert log_in(client, Login("ticket"))[0] == WELCOME
    client.leave()
    assert turned_away(client, log_in(client, Login("ticket", right=False))) == DENIED
