"""Strict request numbers: 1, 2, 3, ... where the realm demands them."""

from __future__ import annotations

import pytest

from tests.wamp.raw_client import (
    CALL,
    PUBLISH,
    REGISTER,
    SUBSCRIBE,
    UNREGISTER,
    UNSUBSCRIBE,
)
from tests.wamp.realm_kit import enter

TOPIC = "com.example.topic"
NUMBERED = {
    SUBSCRIBE: [{}, TOPIC],
    UNSUBSCRIBE: [2**53],
    PUBLISH: [{}, TOPIC],
    CALL: [{}, "com.example.nothing"],
    REGISTER: [{}, "com.example.procedure"],
    UNREGISTER: [2**53],
}


@pytest.fixture
def router(serve):
    return serve(strict_request_ids=True)


def test_one_counter_for_all_kinds_of_requests(router, serializer):
    """Each takes the next number, whatever becomes of it."""
    client = router.join(serializer=serializer)
    for code, rest in NUMBERED.items():
        client.send(code, client.next_request(), *rest)
    assert len(client.until_now()) == 5  # all but PUBLISH have been answered


@pytest.mark.parametrize("code", NUMBERED)
@pytest.mark.parametrize("number", [2, 4, 2**53])
def test_any_other_number_is_a_violation(router, code, number):
    """After 1 and 2 it is 3; the message says so. An old CALL is not continued."""
    client = router.join()
    client.send(SUBSCRIBE, 1, {}, TOPIC)
    client.send(CALL, 2, {}, "com.example.nothing")
    client.receive()
    client.receive()
    client.send(code, number, *NUMBERED[code])
    assert "expected 3" in client.aborted()


def test_streaming_caller_may_continue_an_old_call(router):
    """It may have crossed the answer; the numbers go on after it."""
    client = router.join(announced=["caller.progressive_call_invocations"])
    client.send(CALL, 1, {"progress": True}, "com.example.nothing")
    assert client.receive()[2] == 1
    client.send(CALL, 1, {}, "com.example.nothing")
    client.send(SUBSCRIBE, 2, {}, TOPIC)
    assert client.receive()[:2] == [33, 2]


def test_next_session_counts_anew(router):
    """On the same transport."""
    client = router.join()
    client.subscribe(TOPIC)
    client.leave()
    enter(client, "jim", "operator")
    client.subscribe(TOPIC)
    client.send(SUBSCRIBE, 1, {}, TOPIC)
    assert "expected 2" in client.aborted()


def test_gaps_are_no_violation_elsewhere(serve):
    """Some clients leave them."""
    client = serve().join()
    for number in (7, 3, 3, 2**53, 1):
        client.send(SUBSCRIBE, number, {}, TOPIC)
        assert client.receive()[:2] == [33, number]


def test_order_is_checked_behind_an_authorizer(serve):
    """Requests that wait are numbered as they are processed."""
    client = serve(strict_request_ids=True, authorizer=lambda request: True).join()
    for number in range(1, 6):
        client.send(SUBSCRIBE, number, {}, f"com.t{number}")
    assert [client.receive()[1] for _ in range(5)] == [1, 2, 3, 4, 5]
