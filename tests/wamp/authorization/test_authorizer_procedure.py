"""An authorizer that is a WAMP procedure of the realm."""

from __future__ import annotations

import msgpack
import pytest

from tests.wamp.raw_client import (
    CALL,
    ERROR,
    REGISTER,
    REGISTERED,
    SUBSCRIBE,
    SUBSCRIBED,
    YIELD,
)
from tests.wamp.realm_kit import (
    ALL,
    AUTHORIZATION_FAILED,
    NOT_AUTHORIZED,
    TOPIC,
    AsAsked,
    allowed,
    refusal,
)
from wsocket import Permission, Realm, Role

AUTHORIZE = "com.example.authorize"


@pytest.fixture
def remote(serve):
    """A router whose authorizer is a procedure, and the session that provides it."""
    provider = Role("provider", [Permission("com.example.", "prefix", ["register"])])
    router = serve(roles=[provider], authorizer=AUTHORIZE)
    callee = router.join("provider", "provider")
    callee.register(AUTHORIZE)
    return router, callee


def answer(callee, *payload):
    """Answer the next question; return its arguments."""
    invocation, _, details, args = callee.invoked()
    assert details == {}
    callee.send(YIELD, invocation, {}, *payload)
    return args


@pytest.mark.parametrize(
    ("payload", "expected"),
    [
        ([[True]], None),
        ([[False]], NOT_AUTHORIZED),
        ([[{"allow": True}]], None),
        ([[{"allow": False}]], NOT_AUTHORIZED),
        ([], AUTHORIZATION_FAILED),
        ([[]], AUTHORIZATION_FAILED),
        ([[None]], AUTHORIZATION_FAILED),
        ([["yes"]], AUTHORIZATION_FAILED),
        ([[], {"allow": True}], AUTHORIZATION_FAILED),
        ([[[True]]], AUTHORIZATION_FAILED),
    ],
)
def test_procedure_decides(remote, payload, expected):
    """It gets session, URI, action and options, and answers as a function does."""
    router, callee = remote
    client = router.join("joe", "user")
    client.send(SUBSCRIBE, 1, {"match": "prefix"}, TOPIC)
    session, uri, action, options = answer(callee, *payload)
    assert session == {
        "session": client.session,
        "authid": "joe",
        "authrole": "user",
        "authmethod": "asked",
        "authprovider": "static",
    }
    assert (uri, action, options) == (TOPIC, "subscribe", {"match": "prefix"})
    answered = client.receive()
    if expected is None:
        assert answered[0] == SUBSCRIBED
    else:
        assert refusal(answered) == expected


def test_procedure_may_speak_any_serializer(serve, serializer):
    """And so may the session that is asked about."""
    provider = Role("provider", [ALL])
    router = serve(roles=[provider], authorizer=AUTHORIZE)
    callee = router.join("provider", "provider", serializer=serializer)
    callee.register(AUTHORIZE)
    client = router.join("joe", "user", serializer="cbor")
    client.send(CALL, 1, {}, "com.example.x")
    assert answer(callee, [True])[1:] == ["com.example.x", "call", {}]
    assert client.receive()[4] == "wamp.error.no_such_procedure"


def test_error_of_the_procedure_is_a_failure(remote):
    """Whatever it is, the client does not read it."""
    router, callee = remote
    client = router.join("joe", "user")
    client.send(SUBSCRIBE, 1, {}, TOPIC)
    invocation, *_ = callee.invoked()
    callee.send(ERROR, 68, invocation, {}, "com.example.error.hunter2", ["hunter2"])
    found = client.receive()
    assert refusal(found) == AUTHORIZATION_FAILED
    assert "hunter2" not in str(found)


def test_foreign_type_in_the_answer_of_the_procedure_is_a_failure(serve):
    """And the callee goes on."""
    provider = Role("provider", [ALL])
    router = serve(roles=[provider], authorizer=AUTHORIZE)
    callee = router.join("provider", "provider", serializer="msgpack")
    callee.register(AUTHORIZE)
    client = router.join("joe", "user")
    client.send(SUBSCRIBE, 1, {}, TOPIC)
    answer(callee, [msgpack.ExtType(5, b"true")])
    assert refusal(client.receive()) == AUTHORIZATION_FAILED
    assert callee.until_now() == []


def test_without_the_procedure_nothing_is_permitted(remote):
    """Before it is registered, and after its callee has left."""
    router, callee = remote
    client = router.join("joe", "user")
    client.send(SUBSCRIBE, 1, {}, TOPIC)
    callee.invoked()
    callee.close()
    assert refusal(client.receive()) == AUTHORIZATION_FAILED
    answered = client.request(SUBSCRIBE, {}, TOPIC)
    assert refusal(answered) == AUTHORIZATION_FAILED


def test_clients_cannot_take_the_procedures_place(remote):
    """To register it needs a permission like any procedure."""
    router, callee = remote
    client = router.join("eve", "user")
    client.send(REGISTER, 1, {"force_reregister": True}, AUTHORIZE)
    answer(callee, [False])
    assert refusal(client.receive()) == NOT_AUTHORIZED


def test_authorizer_can_answer_about_itself(remote):
    """Its own request waits for its own answer, and nobody waits for ever."""
    router, callee = remote
    callee.send(SUBSCRIBE, 50, {}, "org.example.topic")
    assert answer(callee, [True])[1] == "org.example.topic"
    assert callee.receive()[:2] == [SUBSCRIBED, 50]
    client = router.join("joe", "user")
    client.send(SUBSCRIBE, 1, {}, TOPIC)
    answer(callee, [True])
    assert client.receive()[0] == SUBSCRIBED


def test_application_may_provide_the_procedure(serve):
    """In its own process."""
    router = serve(authorizer=AUTHORIZE)

    @router.app.register(AUTHORIZE)
    def authorize(session, uri, action, options):
        return session["authid"] == "joe" and action == "subscribe"

    assert allowed(router.join("joe"))
    assert not allowed(router.join("joe"), REGISTER)
    assert not allowed(router.join("jim"))


def test_procedure_of_another_realm_is_not_asked(serve):
    """Each realm has its own."""
    other = Realm("other", auth=[AsAsked()], authorizer=AUTHORIZE)
    router = serve(realms=[other])
    callee = router.join("provider")
    callee.register(AUTHORIZE)
    client = router.join("joe", realm="other")
    answered = client.request(SUBSCRIBE, {}, TOPIC)
    assert refusal(answered) == AUTHORIZATION_FAILED
    assert callee.until_now() == []


def test_open_request_after_registered(remote):
    """The order of a session holds for procedures as well."""
    router, callee = remote
    client = router.join("joe", "user")
    client.send(REGISTER, 1, {}, "com.example.one")
    client.send(REGISTER, 2, {}, "com.example.two")
    assert answer(callee, [True])[1] == "com.example.one"
    assert answer(callee, [False])[1] == "com.example.two"
    assert client.receive()[:2] == [REGISTERED, 1]
    assert client.receive()[:3] == [ERROR, REGISTER, 2]
