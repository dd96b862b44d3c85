"""Snapshots: what the router holds, for whoever inspects it."""

from __future__ import annotations

from dataclasses import FrozenInstanceError

import pytest

from tests.wamp.raw_client import PUBLISH, REGISTER, SECONDS, SUBSCRIBE
from tests.wamp.realms.conftest import OPERATOR, AsAsked, Router, result
from wsocket import Realm, Remember, WSocketApp
from wsocket.wamp.router.snapshot import CallSnapshot, RealmSnapshot

TOPIC, PROCEDURE = "com.example.topic", "com.example.procedure"
AUTHORIZE = "com.example.authorize"


def realm_of(router: Router) -> RealmSnapshot:
    return router.app.snapshot().realms["realm1"]


def test_session_is_described_with_what_it_holds(serve):
    """Identity, features and numbers."""
    router = serve(roles=[OPERATOR])
    client = router.join("joe", announced=["callee.call_canceling"])
    client.subscribe(TOPIC)
    client.subscribe("com.", match="prefix")
    client.register(PROCEDURE)
    for scope in ("detached", "destroyed", "destroyed"):
        result(client, "wamp.session.add_testament", TOPIC, scope=scope)
    [session] = [each for each in realm_of(router).sessions if not each.trusted]
    assert session.id == client.session
    assert (session.authid, session.authrole) == ("joe", "operator")
    assert (session.authmethod, session.authprovider) == ("asked", "static")
    assert session.features == {"callee.call_canceling"}
    assert session.subscriptions == 2
    assert session.registrations == 1
    assert session.testaments == 3


def test_application_is_a_trusted_session(serve):
    """The router's own session is not listed."""
    router = serve()
    router.app.register(PROCEDURE)(lambda: None)
    [application] = realm_of(router).sessions
    assert application.trusted
    assert application.authid == "application"
    assert application.registrations == 1


def test_patterns_are_listed_with_the_sessions_that_hold_them(serve):
    """In the order in which the sessions came."""
    router = serve()
    one, two = router.join("one"), router.join("two")
    ids = [each.subscribe("com..x", match="wildcard") for each in (one, two)]
    registration = one.register(PROCEDURE, invoke="roundrobin")
    two.register(PROCEDURE, invoke="roundrobin")
    realm = realm_of(router)
    sessions = (one.session, two.session)
    [subscription] = realm.subscriptions
    assert [subscription.id] * 2 == ids
    assert (subscription.uri, subscription.match) == ("com..x", "wildcard")
    assert subscription.subscribers == sessions
    [found] = realm.registrations
    assert found.id == registration
    assert (found.uri, found.match, found.invoke) == (PROCEDURE, "exact", "roundrobin")
    assert found.callees == sessions


def test_calls_are_listed_until_they_are_answered(serve):
    """With both sides, and the number that each of them uses."""
    router = serve()
    callee, caller = router.join("callee"), router.join("caller")
    registration = callee.register(PROCEDURE)
    request = caller.call(PROCEDURE)
    invocation = callee.invoked()[0]
    assert realm_of(router).calls == (
        CallSnapshot(
            procedure=PROCEDURE,
            registration=registration,
            caller=caller.session,
            request=request,
            callee=callee.session,
            invocation=invocation,
        ),
    )
    callee.send(70, invocation, {})
    assert caller.receive()[:2] == [50, request]
    assert realm_of(router).calls == ()


def test_kept_events_are_counted(serve):
    """Topics with a retained event by name, events in the history by number."""
    router = serve(history=[Remember(TOPIC), Remember("com.", match="prefix")])
    client = router.join()
    for topic, retain in (("com.kept", True), (TOPIC, False), ("net.x", False)):
        options = {"acknowledge": True, "retain": retain}
        client.request(PUBLISH, options, topic, ["x"])
    realm = realm_of(router)
    assert realm.retained == ("com.kept",)
    assert realm.history == 3, "the second event is in both logs"


def test_questions_to_an_authorizer_are_counted(serve):
    """Its call is the router's own: session 0."""
    router = serve(roles=[OPERATOR], authorizer=AUTHORIZE)
    callee, client = router.join("callee"), router.join("joe", "user")
    callee.register(AUTHORIZE)
    client.send(SUBSCRIBE, 1, {}, TOPIC)
    invocation = callee.invoked()[0]
    realm = realm_of(router)
    assert realm.questions == 1
    assert [call.caller for call in realm.calls] == [0]
    callee.send(70, invocation, {}, [True])
    client.receive()
    assert realm_of(router).questions == 0


def test_realms_are_apart(serve):
    """Each one that is open, by its name."""
    router = serve(realms=[Realm("other", auth=[AsAsked()])])
    there = router.join(realm="other")
    there.request(REGISTER, {}, PROCEDURE)
    realms = router.app.snapshot().realms
    assert list(realms) == ["realm1", "other"]
    assert [each.id for each in realms["other"].sessions] == [there.session]
    assert realms["realm1"].registrations == ()
    router.app.remove_realm("other")
    assert list(router.app.snapshot().realms) == ["realm1"]


def test_snapshot_does_not_change(serve):
    """Neither by its owner nor by what happens later."""
    router = serve()
    client = router.join()
    snapshot = router.app.snapshot()
    sessions = snapshot.realms["realm1"].sessions
    with pytest.raises(FrozenInstanceError):
        snapshot.realms["realm1"].sessions = ()
    with pytest.raises(TypeError):
        del snapshot.realms["realm1"]
    client.leave()
    assert snapshot.realms["realm1"].sessions is sessions
    assert len(sessions) == len(realm_of(router).sessions) + 1


def test_procedure_can_take_a_snapshot(serve):
    """A procedure of the application runs in a worker, not on the loop."""
    router = serve()
    client = router.join()
    router.app.register(PROCEDURE)(lambda: len(realm_of(router).sessions))
    assert result(client, PROCEDURE) == 2
    assert router.app.call(PROCEDURE, timeout=SECONDS) == 2


def test_application_without_a_router_has_no_snapshot():
    """The message says how to get one."""
    with pytest.raises(RuntimeError, match="protocol="):
        WSocketApp().snapshot()
