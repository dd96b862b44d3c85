"""The application's part in logging in: its refusals, its failures, its slowness."""

from __future__ import annotations

import threading

import pytest

from tests.patience import SECONDS
from tests.wamp.raw_client import (
    CALL,
    HELLO,
    REGISTER,
    SUBSCRIBE,
    WELCOME,
)
from tests.wamp.realms.conftest import (
    OPERATOR,
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
    log_in,
)
from wsocket import Role
from wsocket.wamp.auth import Denied, Identity, Ticket, TicketUser

FAILED = "wamp.error.authentication_failed"


def test_application_chooses_the_reason(serve):
    """By raising Denied itself."""

    def users(request):
        raise Denied("x", reason="com.example.locked", message="come back tomorrow")

    client = serve(auth=[Ticket(users)]).connect()
    abort = knock(client, **Login("ticket").hello())
    assert abort[1] == {"message": "come back tomorrow"}
    assert turned_away(client, abort) == "com.example.locked"


def nonsense(request):
    return "nonsense"


def crash(request):
    raise KeyError("the secret is hunter2")


@pytest.mark.parametrize("users", [nonsense, crash])
def test_callable_that_fails_lets_nobody_in(serve, users):
    """The client reads nothing of what went wrong; the next one is served."""
    router = serve(auth=[Ticket(users), AsAsked()])
    client = router.connect()
    abort = knock(client, **Login("ticket").hello())
    assert "hunter2" not in str(abort)
    assert turned_away(client, abort) == FAILED
    assert router.join("jim").until_now() == []


class Broken:
    """A method of the application's own that goes wrong in one place."""

    method = "broken"

    def __init__(self, answer):
        self.answer = answer

    def begin(self, request):
        if not request.offers(self.method):
            return None
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


class BadExchange:
    """Its challenge cannot be written, or its verdict is none."""

    def __init__(self, challenge, verdict=None):
        self.challenge = challenge
        self.verdict = verdict

    def verify(self, signature, extra):
        return self.verdict


@pytest.mark.parametrize(
    "answer",
    [
        ZeroDivisionError("hunter2"),
        "an identity",
        Identity("joe", "user", "static", {"x": object()}),
        BadExchange({"x": object()}),
        BadExchange(None),
    ],
    ids=["raises", "nonsense", "extra", "challenge", "no challenge"],
)
def test_broken_method_lets_nobody_in(serve, answer):
    """It costs one client its login, and nobody else anything."""
    router = serve(auth=[Broken(answer), AsAsked()])
    watcher = router.join("watcher")
    watcher.subscribe("wamp.session.", match="prefix")
    client = router.connect()
    abort = knock(client, authmethods=["broken"])
    assert "hunter2" not in str(abort)
    assert turned_away(client, abort) == FAILED
    assert watcher.until_now() == []


@pytest.mark.parametrize("verdict", [None, "joe", True, Denied])
def test_broken_verdict_lets_nobody_in(serve, verdict):
    """Only an identity does."""
    router = serve(auth=[Broken(BadExchange({}, verdict))])
    client = router.connect()
    assert knock(client, authmethods=["broken"])[0] == CHALLENGE
    client.send(AUTHENTICATE, "", {})
    assert turned_away(client, client.receive()) == FAILED


def test_principal_extra_reaches_welcome(serve, serializer):
    """With the authprovider of its choice."""
    user = TicketUser(
        ticket="secret!", role="user", provider="ldap", extra={"color": ["red"]}
    )
    client = serve(auth=[Ticket({"joe": user})]).connect(serializer)
    code, _, details = log_in(client, Login("ticket"))
    assert code == WELCOME
    assert details["authprovider"] == "ldap"
    assert details["authextra"] == {"color": ["red"]}


def test_slow_login_delays_nobody_else(serve):
    """Neither other logins nor the sessions that are in."""
    asked, answer = threading.Event(), threading.Event()

    def users(request):
        asked.set()
        answer.wait(SECONDS)
        return TicketUser(ticket="secret!", role="user")

    router = serve(auth=[Ticket(users), AsAsked()])
    one = router.join("one")
    slow = router.connect()
    slow.send(HELLO, "realm1", {"roles": roles_with(()), **Login("ticket").hello()})
    assert asked.wait(SECONDS)
    two = router.join("two")
    two.subscribe("com.example.topic")
    one.publish("com.example.topic", [1])
    assert payloads(two) == [[1]]
    answer.set()
    assert slow.receive()[0] == CHALLENGE


@pytest.mark.parametrize("role", ["trusted", "application", "internal"])
def test_no_name_of_a_role_gives_more_than_its_rules(serve, role):
    """Not even the one that the application's own session has."""
    router = serve(roles=[Role(role)])
    client = router.join("application", role)
    for code, uri in (
        (SUBSCRIBE, "com.example.topic"),
        (REGISTER, "com.example.procedure"),
        (CALL, "wamp.session.kill_all"),
    ):
        answer = client.request(code, {}, uri)
        assert answer[4] == "wamp.error.not_authorized"
    router = serve(roles=[OPERATOR])
    client = router.join("application", role)
    answer = client.request(CALL, {}, "wamp.session.count")
    assert answer[4] == "wamp.error.not_authorized"
