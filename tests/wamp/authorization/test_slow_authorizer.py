"""While an authorizer is asked: who waits, and in which order."""

from __future__ import annotations

import pytest

from tests.wamp.raw_client import (
    CALL,
    ERROR,
    EVENT,
    GOODBYE,
    PUBLISH,
    PUBLISHED,
    RESULT,
    SUBSCRIBE,
    SUBSCRIBED,
    UNSUBSCRIBE,
    YIELD,
)
from tests.wamp.realm_kit import (
    OPERATOR,
    TOPIC,
    allowed,
    enter,
    payloads,
    result,
)
from wsocket import Permission, Role


def test_slow_authorizer_delays_only_the_session_that_asks(serve, authorizer):
    """Everybody else goes on, be it with requests that need no asking."""
    router = serve(roles=[OPERATOR], authorizer=authorizer)
    operator, client = router.join(), router.join("joe", "user")
    operator.subscribe(TOPIC)
    authorizer.gate.clear()
    client.send(PUBLISH, client.next_request(), {"acknowledge": True}, TOPIC, [1])
    authorizer.wait_until_asked()
    router.join("kim").publish(TOPIC, [2])
    assert payloads(operator) == [[2]]
    authorizer.gate.set()
    assert client.receive()[0] == PUBLISHED
    assert payloads(operator) == [[1]]


def test_slow_authorizer_does_not_change_the_order(serve, authorizer):
    """A session's messages are processed in the order in which they were sent."""
    fast = Permission("com.fast", allow=["publish", "subscribe", "call"])
    router = serve(roles=[OPERATOR, Role("user", [fast])], authorizer=authorizer)
    watcher, client = router.join(), router.join("joe", "user")
    watcher.subscribe("com.", match="prefix")
    authorizer.gate.clear()
    sent = ["com.slow.a", "com.fast", "com.slow.b", "com.fast", "com.slow.a"]
    for number, topic in enumerate(sent, 1):
        client.send(PUBLISH, number, {"acknowledge": True}, topic, [number])
    client.send(SUBSCRIBE, 6, {}, "com.fast")
    client.send(CALL, 7, {}, "com.fast")
    client.send(UNSUBSCRIBE, 8, 2**53)
    authorizer.wait_until_asked()
    assert watcher.until_now() == []
    authorizer.gate.set()
    answers = [client.receive() for _ in range(8)]
    numbers = [each[2 if each[0] == ERROR else 1] for each in answers]
    assert numbers == list(range(1, 9))
    assert payloads(watcher) == [[1], [2], [3], [4], [5]]
    assert authorizer.uris == ["com.slow.a", "com.slow.b", "com.slow.a"]


def test_denial_keeps_the_order_too(serve, authorizer):
    """ERRORs and answers come in the order of the requests."""
    authorizer.answer = lambda request: request.uri.endswith("yes")
    client = serve(authorizer=authorizer).join()
    for number, last in enumerate(["no", "yes", "no", "yes"], 1):
        client.send(SUBSCRIBE, number, {}, f"com.{number}.{last}")
    answers = [client.receive() for _ in range(4)]
    assert [each[0] for each in answers] == [ERROR, SUBSCRIBED, ERROR, SUBSCRIBED]


def test_goodbye_waits_its_turn(serve, authorizer):
    """What was sent before it is still done."""
    router = serve(roles=[OPERATOR], authorizer=authorizer)
    watcher, client = router.join(), router.join("joe", "user")
    watcher.subscribe(TOPIC)
    authorizer.gate.clear()
    client.send(PUBLISH, 1, {"acknowledge": True}, TOPIC, [1])
    client.send(GOODBYE, {}, "wamp.close.close_realm")
    authorizer.wait_until_asked()
    authorizer.gate.set()
    assert client.receive()[0] == PUBLISHED
    assert client.receive()[0] == GOODBYE
    assert payloads(watcher) == [[1]]


def test_events_reach_a_session_that_waits(serve, authorizer):
    """Only what it says waits, not what it hears."""
    router = serve(roles=[OPERATOR], authorizer=authorizer)
    client = router.join("joe", "user")
    client.subscribe(TOPIC)
    authorizer.wait_until_asked()
    authorizer.gate.clear()
    client.send(PUBLISH, client.next_request(), {}, "com.other")
    authorizer.wait_until_asked()
    router.join().publish(TOPIC, [1])
    assert client.receive()[0] == EVENT


def test_callee_that_waits_can_still_answer(serve, authorizer):
    """Its answers are owed to others."""
    router = serve(roles=[OPERATOR], authorizer=authorizer)
    callee = router.join("callee", "user")
    callee.register("com.example.procedure")
    authorizer.wait_until_asked()
    authorizer.gate.clear()
    callee.send(PUBLISH, callee.next_request(), {}, TOPIC)
    authorizer.wait_until_asked()
    caller = router.join()
    request = caller.call("com.example.procedure")
    invocation, *_ = callee.invoked()
    callee.send(YIELD, invocation, {}, ["done"])
    assert caller.receive() == [RESULT, request, {}, ["done"]]


@pytest.mark.parametrize("how", ["drop", "kill", "violate"])
def test_session_that_ends_while_asking_leaves_nothing(serve, authorizer, how):
    """The answer comes too late for it."""
    router = serve(roles=[OPERATOR], authorizer=authorizer)
    watcher, client = router.join(), router.join("joe", "user")
    watcher.subscribe(TOPIC)
    left = watcher.subscribe("wamp.session.on_leave")
    session = client.session
    authorizer.gate.clear()
    client.send(PUBLISH, 1, {"acknowledge": True}, TOPIC, [1])
    client.send(PUBLISH, 2, {"acknowledge": True}, TOPIC, [2])
    authorizer.wait_until_asked()
    if how == "drop":
        client.close()
    elif how == "kill":
        result(watcher, "wamp.session.kill", session)
    else:
        client.send(999)
    if how != "kill":
        watcher.inbox.append(watcher.receive())
    authorizer.gate.set()
    # The authorizer's answer has been dealt with when a later one has.
    assert allowed(router.join("jim", "user"))
    found = [message for message in watcher.until_now() if message[1] == left]
    assert [message[4] for message in found] == [[session, "joe", "user"]]
    assert authorizer.uris == [TOPIC, TOPIC]
    if how == "kill":
        assert client.receive()[0] == GOODBYE
        client.send(GOODBYE, {}, "wamp.close.goodbye_and_out")
        enter(client, "joe", "operator")
        assert client.until_now() == []


def test_flood_behind_a_slow_authorizer_is_cut_off(serve, authorizer):
    """What waits is bounded in bytes; other sessions are not affected."""
    router = serve(roles=[OPERATOR], authorizer=authorizer)
    client = router.join("joe", "user")
    authorizer.gate.clear()
    large = "x" * 1_000_000
    for number in range(1, 25):
        try:
            client.send(PUBLISH, number, {}, TOPIC, [large])
        except OSError:
            break
    code, details, reason = client.receive()
    assert (code, reason) == (3, "wamp.error.unavailable")
    assert "authorizer" in details["message"]
    router.join().subscribe(TOPIC)
