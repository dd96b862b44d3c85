"""The protocol's own namespace: not overridden, not routed to patterns, not leaked."""

from __future__ import annotations

import pytest

from tests.wamp.raw_client import (
    CALL,
    ERROR,
    EVENT,
    GOODBYE,
    INVOCATION,
    PUBLISH,
    REGISTER,
    RESULT,
    SUBSCRIBE,
    SUBSCRIBED,
)
from tests.wamp.realms.conftest import (
    ALL,
    INVALID_URI,
    META_PROCEDURES,
    NOT_AUTHORIZED,
    OPERATOR,
    AsAsked,
    error,
    events,
    payloads,
    refusal,
    result,
)
from wsocket import Permission, Realm, Role

JOIN, LEAVE = "wamp.session.on_join", "wamp.session.on_leave"


@pytest.fixture
def router(serve):
    return serve(roles=[OPERATOR, Role("staff", [ALL])])


@pytest.fixture
def operator(router):
    return router.join("operator")


@pytest.mark.parametrize("procedure", META_PROCEDURES)
def test_meta_procedures_cannot_be_overridden(router, operator, procedure):
    """However it is tried; they go on to answer."""
    tries = [
        (procedure, {}),
        (procedure, {"invoke": "roundrobin"}),
        (procedure, {"match": "prefix"}),
        (procedure, {"match": "wildcard"}),
        (procedure, {"force_reregister": True}),
        ("wamp.", {"match": "prefix"}),
        ("wamp", {"match": "prefix"}),
        ("wamp..", {"match": "wildcard"}),
    ]
    for uri, options in tries:
        assert refusal(operator.request(REGISTER, options, uri)) == INVALID_URI
    answer = operator.request(CALL, {}, procedure)
    assert answer[0] == RESULT or answer[4] != "wamp.error.no_such_procedure"


@pytest.mark.parametrize(
    ("uri", "match"),
    [("", "prefix"), ("w", "prefix"), ("wam", "prefix"), ("..", "wildcard")],
)
def test_meta_procedures_are_not_routed_to_patterns(router, operator, uri, match):
    """Not even those that do not exist."""
    callee = router.join("joe")
    callee.register(uri, match=match)
    for procedure in (*META_PROCEDURES, "wamp.session.nonsense", "wamp.own.x", "wamp"):
        answer = operator.request(CALL, {}, procedure)
        if procedure not in META_PROCEDURES:
            assert answer[4] == "wamp.error.no_such_procedure"
    assert INVOCATION not in [message[0] for message in callee.inbox]
    victim = callee.receive()  # of kill_all, among the others
    assert victim[0] == GOODBYE


def test_neighbour_of_the_namespace_is_not_in_it(router, operator):
    """It is the first component that counts."""
    callee = router.join("joe")
    callee.register("wampum.session.count")
    callee.subscribe("wampum.topic")
    operator.publish("wampum.topic", [1])
    assert payloads(callee) == [[1]]
    request = operator.call("wampum.session.count")
    invocation, *_ = callee.invoked()
    callee.send(70, invocation, {}, ["mine"])
    assert operator.receive() == [RESULT, request, {}, ["mine"]]


@pytest.mark.parametrize("topic", [JOIN, LEAVE, "wamp", "wamp.x", "wamp.error.timeout"])
def test_clients_cannot_publish_meta_events(router, topic, serializer):
    """Acknowledged it is an ERROR, unacknowledged it is nothing."""
    operator = router.join("operator", serializer=serializer)
    watcher = router.join("watcher")
    watcher.subscribe("wamp", match="prefix")
    watcher.until_now()
    answer = operator.request(PUBLISH, {"acknowledge": True}, topic, [1])
    assert refusal(answer) == INVALID_URI
    operator.send(PUBLISH, operator.next_request(), {}, topic, [1])
    assert operator.until_now() == []
    assert watcher.until_now() == []


@pytest.mark.parametrize(
    ("uri", "match"), [("", "prefix"), ("..on_join", "wildcard"), ("w", "prefix")]
)
def test_meta_events_do_not_leak_to_patterns(router, uri, match, serializer):
    """A role that may not subscribe to them may not subscribe to such a pattern."""
    shut_out = Role("guest", [ALL, Permission(JOIN), Permission(LEAVE)])
    realm = Realm("other", roles=[shut_out, Role("staff", [ALL])], auth=[AsAsked()])
    router.app.add_realm(realm)
    guest = router.join("joe", "guest", realm="other", serializer=serializer)
    answer = guest.request(SUBSCRIBE, {"match": match}, uri)
    assert refusal(answer) == NOT_AUTHORIZED
    staff = router.join("jim", "staff", realm="other", serializer=serializer)
    staff.subscribe(uri, match=match)
    staff.until_now()
    router.join("kim", "staff", realm="other")
    assert [details["topic"] for details, _ in events(staff)] == [JOIN]
    assert guest.until_now() == []


@pytest.mark.parametrize(
    ("uri", "match"),
    [(JOIN, "exact"), ("wamp.session.", "prefix"), ("wamp..on_join", "wildcard")],
)
def test_subscription_that_an_authorizer_granted_gets_meta_events(serve, uri, match):
    """It was asked about just that; nobody can ask again for each event."""
    router = serve(authorizer=lambda request: True)
    watcher = router.join("watcher")
    watcher.subscribe(uri, match=match)
    watcher.until_now()
    client = router.join("joe")
    [[_, [described]]] = events(watcher)
    assert described["session"] == client.session


def test_pattern_that_an_authorizer_granted_gets_no_meta_events(serve):
    """It said nothing of the protocol's own topics."""
    router = serve(authorizer=lambda request: not request.uri.startswith("wamp"))
    watcher = router.join("watcher")
    watcher.subscribe("", match="prefix")
    client = router.join("joe")
    client.publish("com.example.topic", [1])
    assert events(watcher) == [[{"topic": "com.example.topic"}, [1]]]


def test_open_realm_shows_meta_events_to_all(serve):
    """There, everybody may do everything."""
    router = serve()
    watcher = router.join("watcher")
    watcher.subscribe("", match="prefix")
    watcher.until_now()
    router.join("joe")
    assert [details["topic"] for details, _ in events(watcher)] == [JOIN]


def test_meta_api_is_authorized_like_everything_else(serve):
    """Call by call, topic by topic."""
    role = Role("clerk", [Permission("wamp.session.count", allow=["call"])])
    router = serve(roles=[role])
    client = router.join("joe", "clerk")
    assert result(client, "wamp.session.count") == 2
    for procedure in META_PROCEDURES[1:]:
        assert error(client, procedure) == NOT_AUTHORIZED
    answer = client.request(SUBSCRIBE, {}, JOIN)
    assert (answer[0], answer[4]) == (ERROR, NOT_AUTHORIZED)


def test_meta_event_of_a_subscription_follows_subscribed(operator):
    """Even if the subscription is to the events about itself."""
    topic = "wamp.subscription.on_subscribe"
    request = operator.next_request()
    operator.send(SUBSCRIBE, request, {}, topic)
    answer, event = operator.receive(), operator.receive()
    assert answer[:2] == [SUBSCRIBED, request]
    assert event[:2] == [EVENT, answer[2]]
    assert event[4] == [operator.session, answer[2]]


def test_meta_events_do_not_cross_realms(router, operator):
    """A realm is a world of its own."""
    operator.subscribe("wamp.", match="prefix")
    operator.until_now()
    router.app.add_realm(Realm("other", auth=[AsAsked()]))
    client = router.join("joe", realm="other")
    client.subscribe("com.example.topic")
    client.leave()
    assert operator.until_now() == []
