"""Logging in over the wire: every method, and everything that can go wrong."""

from __future__ import annotations

import json
import threading
import time

import pytest

from tests.wamp.raw_client import (
    CALL,
    HELLO,
    REGISTER,
    SUBSCRIBE,
    WELCOME,
)
from tests.wamp.realms.conftest import (
    DENIED,
    OPERATOR,
    AsAsked,
    knock,
    payloads,
    result,
    roles_with,
    turned_away,
)
from tests.wamp.realms.logins import (
    AUTHENTICATE,
    CHALLENGE,
    METHODS,
    USERS,
    Login,
    challenged,
    log_in,
)
from wsocket import Role
from wsocket.wamp.auth import Anonymous, Denied, Identity, Ticket, TicketUser

NO_METHOD = "wamp.error.no_matching_auth_method"
FAILED = "wamp.error.authentication_failed"


@pytest.mark.parametrize("method", METHODS)
def test_right_secret_leads_in(alone, method, serializer):
    """WELCOME says who the client is, and how it was shown."""
    client = alone(method).connect(serializer)
    login = Login(method)
    code, session, details = log_in(client, login)
    assert code == WELCOME
    assert {key: details[key] for key in details if key.startswith("auth")} == {
        "authid": "joe",
        "authrole": "user",
        "authmethod": login.method,
        "authprovider": "static",
        **(
            {"authextra": {"verifier": login.scram.expected_verifier}}
            if login.method == "wamp-scram"
            else {}
        ),
    }
    assert details["realm"] == "realm1"
    found = result(client, "wamp.session.get", session)
    assert (found["authid"], found["authmethod"]) == ("joe", login.method)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("wrong", ["secret", "user"])
def test_refusal_does_not_say_what_was_wrong(alone, method, wrong):
    """Word for word the same for a stranger and for a wrong secret."""
    router = alone(method)
    heard = []
    for login in (
        Login(method, right=False),
        Login(method, right=wrong == "user", authid="jim"),
    ):
        client = router.connect()
        abort = log_in(client, login)
        assert turned_away(client, abort) == DENIED
        heard.append(abort)
    assert heard[0] == heard[1]
    assert "joe" not in json.dumps(heard)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize(
    "signature", ["", "\0", "é" * 50, "A" * 44, "0" * 192, "x" * 100_000]
)
def test_nonsense_for_a_signature_is_denied(alone, method, signature):
    """Not a failure of the router."""
    client = alone(method).connect()
    challenged(client, Login(method))
    client.send(AUTHENTICATE, signature, {})
    assert turned_away(client, client.receive()) == DENIED


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize(
    "forge",
    [
        lambda signature: signature[:-1],
        lambda signature: signature[:1],
        lambda signature: signature[: len(signature) // 2],
        lambda signature: signature + signature[-1],
        lambda signature: signature * 2,
        lambda signature: " " + signature,
        lambda signature: signature + "\n",
        lambda signature: signature[::-1],
    ],
    ids=["truncated", "first", "half", "longer", "twice", "space", "line", "reversed"],
)
def test_signature_must_be_whole_and_nothing_else(alone, method, serializer, forge):
    """Not a beginning of the right one, nor something that has it in it."""
    client = alone(method).connect(serializer)
    login = Login(method)
    signature, extra = login.answer(challenged(client, login))
    client.send(AUTHENTICATE, forge(signature), extra)
    assert turned_away(client, client.receive()) == DENIED


@pytest.mark.parametrize("method", METHODS)
def test_answer_to_an_earlier_challenge_is_denied(alone, method):
    """A recording is worth nothing; a ticket is the secret itself."""
    router = alone(method)
    login = Login(method)
    answer = login.answer(challenged(router.connect(), login))
    client = router.connect()
    challenged(client, login)
    client.send(AUTHENTICATE, *answer)
    reply = client.receive()
    if method == "ticket":
        assert reply[0] == WELCOME
    else:
        assert turned_away(client, reply) == DENIED


@pytest.mark.parametrize("method", ["wampcra", "salted"])
def test_wampcra_challenge_names_the_later_session(alone, method):
    """And everything else that the specification demands."""
    client = alone(method).connect()
    login = Login(method)
    extra = challenged(client, login)
    challenge = json.loads(extra["challenge"])
    assert set(challenge) == {
        "authid",
        "authrole",
        "authmethod",
        "authprovider",
        "nonce",
        "timestamp",
        "session",
    }
    assert challenge["authid"] == "joe"
    client.send(AUTHENTICATE, *login.answer(extra))
    assert client.receive()[1] == challenge["session"]


def test_refused_login_costs_a_delay(alone):
    """The answer comes late, but another client is not kept waiting."""
    router = alone("ticket", login_delay=1.0)
    client, other = router.connect(), router.connect()
    challenged(client, Login("ticket"))
    started = time.monotonic()
    client.send(AUTHENTICATE, "wrong", {})
    assert log_in(other, Login("ticket"))[0] == WELCOME
    assert time.monotonic() - started < 0.9
    assert turned_away(client, client.receive()) == DENIED
    assert time.monotonic() - started >= 0.9


def test_second_attempt_during_the_delay_is_a_violation(alone):
    """One CHALLENGE, one AUTHENTICATE."""
    client = alone("ticket", login_delay=5.0).connect()
    challenged(client, Login("ticket"))
    client.send(AUTHENTICATE, "wrong", {})
    client.send(AUTHENTICATE, "secret!", {})
    assert "AUTHENTICATE" in client.aborted()


# Which method


@pytest.fixture
def several(serve):
    """A realm that prefers tickets, and lets anybody in."""
    return serve(
        auth=[USERS["ticket"](), USERS["wampcra"](), AsAsked(), Anonymous("guest")],
        roles=[OPERATOR],
    )


def test_router_takes_the_first_of_its_methods_that_is_offered(several):
    """Its own order counts, and unknown ones are no harm."""
    client = several.connect()
    offered = ["nonsense", "anonymous", "wampcra", "ticket", ""]
    code, method, _ = knock(client, authid="joe", authmethods=offered)
    assert (code, method) == (CHALLENGE, "ticket")


@pytest.mark.parametrize("details", [{}, {"authmethods": []}, {"authmethods": None}])
def test_no_method_means_anonymous(several, details, serializer):
    """With an authid of the router's choice, whatever was asked for."""
    client = several.connect(serializer)
    code, _, welcome = knock(client, authid="joe", **details)
    assert code == WELCOME
    assert (welcome["authmethod"], welcome["authrole"]) == ("anonymous", "guest")
    assert welcome["authid"] not in ("joe", "")
    other = several.connect()
    assert knock(other)[2]["authid"] != welcome["authid"]


def test_method_that_needs_a_name_is_passed_over_without_one(several):
    """The next that is offered may do."""
    client = several.connect()
    code, _, welcome = knock(client, authmethods=["ticket", "anonymous"])
    assert (code, welcome["authmethod"]) == (WELCOME, "anonymous")


@pytest.mark.parametrize("offered", [["x"], ["anonymous"], None, ["Ticket"]])
def test_none_of_the_methods_is_no_matching_auth_method(alone, offered, serializer):
    """At once: nothing was tried."""
    client = alone("ticket", login_delay=30.0).connect(serializer)
    abort = knock(client, authid="joe", authmethods=offered)
    assert "ticket" in abort[1]["message"]
    assert turned_away(client, abort) == NO_METHOD


@pytest.mark.parametrize("realm", ["nowhere", "", "realm1 ", "REALM1"])
def test_unknown_realm_is_refused_before_anything_else(alone, realm):
    """Whatever the credentials are."""
    client = alone("ticket").connect()
    abort = knock(client, realm, authid="joe", authmethods=["ticket"])
    assert turned_away(client, abort) == "wamp.error.no_such_realm"


@pytest.mark.parametrize(
    ("details", "field"),
    [
        ({"authid": 1}, "authid"),
        ({"authmethods": "ticket"}, "authmethods"),
        ({"authmethods": [1]}, "authmethods"),
        ({"authextra": []}, "authextra"),
        ({"authextra": "x"}, "authextra"),
    ],
)
def test_wrong_type_in_hello_is_a_violation(alone, details, field, serializer):
    """And the field is named."""
    client = alone("ticket").connect(serializer)
    client.send(HELLO, "realm1", {"roles": roles_with(()), **details})
    assert field in client.aborted()


@pytest.mark.parametrize("authid", ["", "x" * 5000, "jo\x00e", "joe\n"])
def test_impossible_authid_is_denied(alone, authid):
    """As if it were just unknown."""
    client = alone("ticket").connect()
    abort = knock(client, authid=authid, authmethods=["ticket"])
    assert turned_away(client, abort) == DENIED


# The application's part


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
        answer.wait(20)
        return TicketUser(ticket="secret!", role="user")

    router = serve(auth=[Ticket(users), AsAsked()])
    one = router.join("one")
    slow = router.connect()
    slow.send(HELLO, "realm1", {"roles": roles_with(()), **Login("ticket").hello()})
    assert asked.wait(20)
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
