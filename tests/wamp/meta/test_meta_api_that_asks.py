"""Meta procedures whose caller needs more than the right to call them."""

from __future__ import annotations

import pytest

from tests.wamp.raw_client import (
    CALL,
    ERROR,
    GOODBYE,
    PUBLISH,
    RESULT,
    SUBSCRIBE,
    SUBSCRIBED,
    YIELD,
)
from tests.wamp.realm_kit import (
    AUTHORIZATION_FAILED,
    INVALID_URI,
    NOT_AUTHORIZED,
    OPERATOR,
    TOPIC,
    error,
    events,
    payloads,
    refusal,
    result,
)
from wsocket import Permission, Remember, Role

ADD, FLUSH = "wamp.session.add_testament", "wamp.session.flush_testaments"
GET_EVENTS = "wamp.subscription.get_events"
AUTHORIZE = "com.example.authorize"
CALLER = Role("user", [Permission("wamp.", "prefix", ["call"])], trustlevel=3)


@pytest.fixture
def router(serve, authorizer):
    """Users may call the meta API; about everything else the authorizer is asked."""
    return serve(
        roles=[OPERATOR, CALLER], authorizer=authorizer, history=[Remember(TOPIC)]
    )


@pytest.fixture
def heir(router):
    client = router.join(announced=["subscriber.publication_trustlevels"])
    client.subscribe(TOPIC)
    return client


def test_testament_is_asked_about(router, heir, authorizer, serializer):
    """As a PUBLISH to its topic would be."""
    client = router.join("joe", "user", serializer=serializer)
    assert result(client, ADD, TOPIC, [1], {}) is None
    [request] = authorizer.asked
    assert (request.uri, request.action, request.match) == (TOPIC, "publish", "exact")
    client.leave()
    assert events(heir) == [[{"trustlevel": 3}, [1]]]


def test_answer_about_a_testament_is_kept_in_mind(router, heir, authorizer):
    """What it said when the testament was added holds when it is published."""
    authorizer.answer = {"allow": True, "disclose": True}
    client = router.join("joe", "user")
    session = client.session
    result(client, ADD, TOPIC, [1], {})
    authorizer.answer = False
    client.leave()
    [[details, args]] = events(heir)
    assert (details["publisher"], args) == (session, [1])
    assert len(authorizer.asked) == 1


@pytest.mark.parametrize(
    ("answer", "uri"),
    [(False, NOT_AUTHORIZED), (ValueError("hunter2"), AUTHORIZATION_FAILED)],
)
def test_testament_that_is_not_permitted_is_refused(
    router, heir, authorizer, answer, uri
):
    """Denied, or not decided."""
    authorizer.answer = answer
    client = router.join("joe", "user")
    assert error(client, ADD, TOPIC, [1], {}) == uri
    client.leave()
    assert events(heir) == []


def test_disclosure_that_the_authorizer_denies_is_refused(router, authorizer):
    """As for a PUBLISH."""
    authorizer.answer = {"allow": True, "disclose": "deny"}
    client = router.join("joe", "user")
    options = {"disclose_me": True}
    found = error(client, ADD, TOPIC, [1], {}, publish_options=options)
    assert found == "wamp.error.option_disallowed.disclose_me"


@pytest.mark.parametrize("topic", ["com..x", "wamp.session.on_join", ""])
def test_authorizer_is_not_asked_about_an_impossible_testament(
    router, authorizer, topic
):
    """There is nothing to decide."""
    client = router.join("joe", "user")
    assert error(client, ADD, topic, [1], {}) == INVALID_URI
    assert authorizer.asked == []


def test_messages_behind_a_testament_wait_for_it(router, heir, authorizer):
    """GOODBYE and flush come after it, as they were sent."""
    client = router.join("joe", "user")
    authorizer.gate.clear()
    client.send(CALL, 1, {}, ADD, [TOPIC, ["flushed"], {}])
    client.send(CALL, 2, {}, FLUSH)
    client.send(CALL, 3, {}, ADD, [TOPIC, ["left"], {}])
    client.send(GOODBYE, {}, "wamp.close.close_realm")
    authorizer.wait_until_asked()
    router.join("kim").publish(TOPIC, ["somebody else's"])
    assert payloads(heir) == [["somebody else's"]]
    authorizer.gate.set()
    assert client.receive() == [RESULT, 1, {}]
    assert client.receive() == [RESULT, 2, {}, [1]]
    assert client.receive() == [RESULT, 3, {}]
    assert client.receive()[0] == GOODBYE
    assert payloads(heir) == [["left"]]


def test_session_that_ends_while_asking_leaves_no_testament(router, heir, authorizer):
    """The answer is for nobody."""
    client = router.join("joe", "user")
    authorizer.gate.clear()
    client.send(CALL, 1, {}, ADD, [TOPIC, [1], {}])
    authorizer.wait_until_asked()
    result(heir, "wamp.session.kill", client.session)
    authorizer.gate.set()
    assert result(router.join("jim", "user"), ADD, TOPIC, [2], {}) is None
    assert client.receive()[0] == GOODBYE
    assert payloads(heir) == []


def test_authorizer_may_decide_on_the_call_as_well(serve, authorizer):
    """One question leads to the next, and nothing that waits gets lost or overtakes."""
    router = serve(roles=[OPERATOR], authorizer=authorizer)
    client = router.join("joe", "stranger")
    authorizer.gate.clear()
    client.send(CALL, 1, {}, ADD, [TOPIC, [1], {}])
    client.send(SUBSCRIBE, 2, {}, TOPIC)
    client.send(SUBSCRIBE, 3, {}, "com.example.other")
    authorizer.wait_until_asked()
    authorizer.gate.set()
    assert client.receive() == [RESULT, 1, {}]
    assert client.receive()[:2] == [SUBSCRIBED, 2]
    assert client.receive()[:2] == [SUBSCRIBED, 3]
    asked = [(request.action, request.uri) for request in authorizer.asked]
    assert asked == [
        ("call", ADD),
        ("publish", TOPIC),
        ("subscribe", TOPIC),
        ("subscribe", "com.example.other"),
    ]


def test_history_is_asked_about(router, heir, authorizer, serializer):
    """As a SUBSCRIBE to its topics would be."""
    subscription = heir.subscribe("com.example.", match="prefix")
    router.join("kim").publish(TOPIC, ["past"])
    client = router.join("joe", "user", serializer=serializer)
    [record] = result(client, GET_EVENTS, subscription)
    assert record["args"] == ["past"]
    [request] = authorizer.asked
    assert (request.uri, request.action, request.match) == (
        "com.example.",
        "subscribe",
        "prefix",
    )
    authorizer.answer = False
    assert error(client, GET_EVENTS, subscription) == NOT_AUTHORIZED
    authorizer.answer = "nonsense"
    assert error(client, GET_EVENTS, subscription) == AUTHORIZATION_FAILED


def test_history_shows_what_was_there_when_it_was_asked_for(router, heir, authorizer):
    """What the same session sends behind the question is not yet in the answer."""
    subscription = heir.subscribe(TOPIC)
    client = router.join("joe", "user")
    client.publish(TOPIC, ["before"], exclude_me=False)
    authorizer.wait_until_asked()
    authorizer.gate.clear()
    client.send(CALL, 11, {}, GET_EVENTS, [subscription])
    client.send(PUBLISH, 12, {"exclude_me": False}, TOPIC, ["behind"])
    authorizer.wait_until_asked()
    authorizer.gate.set()
    answer = client.receive()
    assert answer[:2] == [RESULT, 11]
    assert [each["args"] for each in answer[3][0]] == [["before"]]


def test_procedure_that_authorizes_can_be_asked_for_a_builtin(serve, serializer):
    """The question is a call of the router's, while the caller's own one waits."""
    router = serve(roles=[OPERATOR, CALLER], authorizer=AUTHORIZE)
    callee = router.join("provider", serializer=serializer)
    callee.register(AUTHORIZE)
    client = router.join("joe", "user")
    client.send(CALL, 1, {}, ADD, [TOPIC, [1], {}])
    invocation, _, _, args = callee.invoked()
    assert args[1:] == [TOPIC, "publish", {}]
    callee.send(YIELD, invocation, {}, [True])
    assert client.receive() == [RESULT, 1, {}]
    client.send(CALL, 2, {}, ADD, [TOPIC, [1], {}])
    invocation, *_ = callee.invoked()
    callee.send(ERROR, 68, invocation, {}, "com.example.error.broken")
    assert refusal(client.receive()) == AUTHORIZATION_FAILED
