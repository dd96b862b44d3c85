"""The registration meta API: who would answer a call, and the removal of callees."""

from __future__ import annotations

import pytest

from tests.wamp.raw_client import CALL, REGISTER, UNREGISTERED
from tests.wamp.realms.conftest import (
    INVALID_ARGUMENT,
    error,
    explanation,
    payloads,
    refusal,
    result,
)

URI = "com.example.procedure"
NO_REGISTRATION = "wamp.error.no_such_registration"


def meta(name):
    return f"wamp.registration.{name}"


@pytest.fixture
def router(serve):
    return serve()


@pytest.fixture
def operator(router):
    return router.join("operator")


@pytest.fixture
def callee(router):
    return router.join("callee")


def test_match_says_who_would_answer_a_call(callee, operator):
    """Exact, else the longest prefix, else the most specific wildcard."""
    ids = {
        "exact": callee.register("com.example.a.b"),
        "long": callee.register("com.example.a", match="prefix"),
        "short": callee.register("com.", match="prefix"),
        "wildcard": callee.register("org..a", match="wildcard"),
        "vaguer": callee.register("..a", match="wildcard"),
    }
    for uri, name in (
        ("com.example.a.b", "exact"),
        ("com.example.a.c", "long"),
        ("com.example.b", "short"),
        ("org.x.a", "wildcard"),
        ("net.x.a", "vaguer"),
    ):
        assert result(operator, meta("match"), uri) == ids[name], uri
    assert result(operator, meta("match"), "net.x.b") is None


def test_nobody_is_removed_from_an_unknown_registration(callee, operator):
    """Never there, or no longer."""
    former = callee.register(URI)
    callee.leave()
    for registration in (former, 2**53, 0, -1):
        found = error(operator, meta("remove_callee"), registration, operator.session)
        assert found == NO_REGISTRATION


@pytest.mark.parametrize("args", [[1], [None, 1]])
def test_wrong_argument_is_refused(operator, args):
    """Precisely, without a word about our code."""
    answer = operator.request(CALL, {}, meta("remove_callee"), args)
    assert refusal(answer) == INVALID_ARGUMENT
    assert "Procedures" not in explanation(answer)


def test_refused_registration_is_not_announced(router, operator, callee):
    """Nothing has changed."""
    callee.register(URI, invoke="first")
    operator.subscribe("wamp.registration.", match="prefix")
    assert refusal(callee.request(REGISTER, {}, URI))
    assert operator.until_now() == []


def test_procedures_of_the_application_are_registrations(router, operator):
    """Like those of any client."""
    router.app.register("com.example.own")(lambda: 1)
    registration = result(operator, meta("lookup"), "com.example.own")
    [session] = result(operator, meta("list_callees"), registration)
    found = result(operator, "wamp.session.get", session)
    assert found["authmethod"] == "internal"


def test_meta_procedures_are_not_registrations(operator):
    """Nobody has registered them."""
    assert result(operator, meta("match"), meta("match")) is None
    assert result(operator, meta("lookup"), meta("lookup")) is None


def test_callee_is_removed_and_told_if_it_can_be(router, operator, serializer):
    """UNREGISTERED with request 0; a call finds nobody."""
    callee = router.join(
        serializer=serializer, announced=["callee.registration_revocation"]
    )
    mute = router.join("mute", serializer=serializer)
    registration = callee.register(URI)
    silent = mute.register("com.example.mute")
    args = (registration, callee.session)
    assert result(operator, meta("remove_callee"), *args, reason="enough") is None
    result(operator, meta("remove_callee"), silent, mute.session)
    details = {"registration": registration, "reason": "enough"}
    assert callee.until_now() == [[UNREGISTERED, 0, details]]
    assert mute.until_now() == []
    for uri in (URI, "com.example.mute"):
        assert error(operator, uri) == "wamp.error.no_such_procedure"


def test_callee_that_is_not_there_cannot_be_removed(operator, callee):
    """Unknown sessions, and sessions without that registration."""
    registration = callee.register(URI)
    remove = meta("remove_callee")
    assert error(operator, remove, registration, 2**53) == "wamp.error.no_such_session"
    assert error(operator, remove, registration, operator.session) == NO_REGISTRATION
    args = (registration, callee.session)
    assert error(operator, remove, *args, reason=1) == INVALID_ARGUMENT
    assert result(operator, meta("lookup"), URI) == registration
    assert payloads(callee) == []
