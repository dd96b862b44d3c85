"""Registration revocation: an operator takes a procedure from a callee."""

from __future__ import annotations

import pytest

from tests.wamp.call_kit import CALLEE
from tests.wamp.raw_client import CALL, ERROR, REGISTER, UNREGISTER, UNREGISTERED

REVOCATION = "callee.registration_revocation"
REMOVE = "wamp.registration.remove_callee"


def removed(operator, registration, callee, **kwargs):
    """Call the procedure that takes *registration* from *callee*, and see it done."""
    request = operator.call(REMOVE, [registration, callee.session], kwargs)
    assert operator.receive()[:3] == [50, request, {}]


def test_callee_is_told_and_no_longer_called(peer, uri, serializer):
    """UNREGISTERED with request 0; after it no INVOCATION."""
    callee = peer(REVOCATION, serializer=serializer)
    operator = peer(serializer=serializer)
    registration = callee.register(uri)
    removed(operator, registration, callee, reason="com.example.closed")
    details = {"registration": registration, "reason": "com.example.closed"}
    assert callee.receive() == [UNREGISTERED, 0, details]
    request = operator.call(uri)
    assert operator.failed(request) == "wamp.error.no_such_procedure"
    assert callee.settled() == []


def test_callee_that_has_not_announced_it_is_not_told(peer, uri):
    """autobahn's older clients would end the connection; the registration is gone."""
    callee, operator = peer(*(set(CALLEE) - {REVOCATION})), peer()
    registration = callee.register(uri)
    removed(operator, registration, callee)
    assert callee.settled() == []
    request = operator.call(uri)
    assert operator.failed(request) == "wamp.error.no_such_procedure"


def test_revoked_registration_is_not_the_callees_any_more(peer, uri):
    """UNREGISTER of it is an ERROR, and REGISTER makes a new one."""
    callee, operator = peer(REVOCATION), peer()
    registration = callee.register(uri)
    removed(operator, registration, callee)
    assert callee.receive()[:2] == [UNREGISTERED, 0]
    callee.send(UNREGISTER, 50, registration)
    error = callee.receive()
    assert error[:3] == [ERROR, UNREGISTER, 50]
    assert error[4] == "wamp.error.no_such_registration"
    assert callee.register(uri) != registration


def test_other_callees_keep_the_registration(peer, uri):
    """Of a shared one, only the one that is named loses it."""
    one, other, operator = peer(REVOCATION), peer(REVOCATION), peer()
    registration = one.register(uri, invoke="first")
    assert other.register(uri, invoke="first") == registration
    removed(operator, registration, one)
    assert one.receive()[:2] == [UNREGISTERED, 0]
    operator.call(uri, ["x"])
    assert other.invoked()[3] == ["x"]
    assert one.settled() == other.settled() == []


def test_call_that_runs_is_still_answered(peer, uri):
    """The callee is still there, and so is its answer."""
    callee, caller, operator = peer(REVOCATION), peer(), peer()
    registration = callee.register(uri)
    request = caller.call(uri)
    invocation = callee.invoked()[0]
    removed(operator, registration, callee)
    assert callee.receive()[:2] == [UNREGISTERED, 0]
    callee.finish_call(invocation, ["done"])
    assert caller.succeeded(request) == [["done"]]


@pytest.mark.parametrize("whose", ["nobody", "stranger"])
def test_callee_that_does_not_hold_it_cannot_lose_it(peer, uri, whose):
    """An ERROR to the operator; nothing else happens."""
    callee, stranger, operator = peer(REVOCATION), peer(REVOCATION), peer()
    registration = callee.register(uri)
    session = stranger.session if whose == "stranger" else 2**53
    request = operator.call(REMOVE, [registration, session])
    assert operator.receive()[:3] == [ERROR, CALL, request]
    assert callee.settled() == stranger.settled() == []
    operator.call(uri)
    callee.invoked()


def test_clients_cannot_revoke_by_message(peer, uri):
    """UNREGISTERED is the router's to say."""
    callee, hostile = peer(REVOCATION), peer()
    registration = callee.register(uri)
    hostile.send(UNREGISTERED, 0, {"registration": registration})
    assert hostile.aborted()
    assert callee.settled() == []


def test_answer_to_unregister_stays_what_it_was(peer, uri):
    """Without details; only revocation has them."""
    callee = peer(REVOCATION)
    registration = callee.register(uri)
    callee.send(UNREGISTER, 60, registration)
    assert callee.receive() == [UNREGISTERED, 60]
    answer = callee.request(REGISTER, {}, uri)
    assert len(answer) == 3
