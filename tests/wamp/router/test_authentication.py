"""Logging in over the wire: every method, and everything that can go wrong."""

from __future__ import annotations

import json
import select
import time

import pytest

from tests.wamp.raw_client import (
    WELCOME,
)
from tests.wamp.realm_kit import (
    DENIED,
    result,
    turned_away,
)
from tests.wamp.router.logins import (
    AUTHENTICATE,
    METHODS,
    Login,
    challenged,
    log_in,
)


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


@pytest.mark.slow(reason="waits for the delay")
def test_refused_login_costs_a_delay(alone):
    """The answer comes late, but another client is not kept waiting."""
    router = alone("ticket", login_delay=2.0)
    client, other = router.connect(), router.connect()
    challenged(client, Login("ticket"))
    started = time.monotonic()
    client.send(AUTHENTICATE, "wrong", {})
    assert log_in(other, Login("ticket"))[0] == WELCOME
    assert select.select([client.ws.sock], [], [], 0)[0] == []  # not refused yet
    assert turned_away(client, client.receive()) == DENIED
    assert time.monotonic() - started >= 1.9


def test_second_attempt_during_the_delay_is_a_violation(alone):
    """One CHALLENGE, one AUTHENTICATE."""
    client = alone("ticket", login_delay=5.0).connect()
    challenged(client, Login("ticket"))
    client.send(AUTHENTICATE, "wrong", {})
    client.send(AUTHENTICATE, "secret!", {})
    assert "AUTHENTICATE" in client.aborted()
