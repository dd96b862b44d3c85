"""What is particular about the application's own session, and about announcements."""

from __future__ import annotations

import pytest

from tests.wamp.fakes import FakeLink, FakeRuntime, counting_below
from wsocket import ApplicationError, Realm, WSocketApp
from wsocket.wamp.protocol.client_messages import (
    ClientRole,
    ClientRoles,
    Hello,
    HelloDetails,
    Register,
    RegisterOptions,
)
from wsocket.wamp.router.router import Router
from wsocket.wamp.session.features import announced_features
from wsocket.wamp.session.session import Session

HELLO = Hello("realm1", HelloDetails(ClientRoles(callee=ClientRole())))
TAKEOVER = RegisterOptions(force_reregister=True)


def test_nobody_takes_over_a_procedure_of_the_application():
    """What the application offers is not a ghost's; others' procedures can be taken."""
    router = Router([Realm("realm1")], random_below=counting_below())
    router.start(FakeRuntime())
    own, client, heir = FakeLink(), FakeLink(), FakeLink()
    application = Session(own, router.trusted)
    sessions = [Session(client, router), Session(heir, router)]
    for session in (application, *sessions):
        session.handle(HELLO)
    application.handle(Register(1, RegisterOptions(), "com.example.own"))
    sessions[0].handle(Register(1, RegisterOptions(), "com.example.other"))
    heir.take()
    sessions[1].handle(Register(1, TAKEOVER, "com.example.own"))
    sessions[1].handle(Register(2, TAKEOVER, "com.example.other"))
    refused, taken = heir.take()
    assert refused[:2] + refused[4:5] == [8, 64, "wamp.error.procedure_already_exists"]
    assert taken[:2] == [65, 2]


def test_call_canceling_may_be_spelled_as_in_all_of_the_specification():
    """One of its chapters has two l."""
    roles = ClientRoles(callee=ClientRole({"call_cancelling": True}))
    assert announced_features(roles) == {"callee.call_canceling"}


@pytest.mark.parametrize("match", ["exact", "prefix"])
def test_a_procedure_is_registered_once(match):
    """Also before the router runs; another match is another registration."""
    app = WSocketApp(protocol="WAMP")
    app.register("com.example.add", match=match)(max)
    with pytest.raises(ApplicationError, match="procedure_already_exists"):
        app.register("com.example.add", match=match)(min)
    app.register("com.example.add", match="wildcard")(min)


def test_shared_and_taken_over_procedures_are_registered_again():
    """Who says so has thought of it."""
    app = WSocketApp(protocol="WAMP")
    app.register("com.example.add")(max)
    app.register("com.example.add", options=TAKEOVER)(min)
    for function in (max, min):
        app.register("com.example.shared", invoke="roundrobin")(function)


@pytest.mark.parametrize("use", ["register", "subscribe"])
def test_async_handlers_are_refused(use):
    """At once, and not with the first call."""

    async def handler() -> None:
        """Never awaited."""

    app = WSocketApp(protocol="WAMP")
    with pytest.raises(TypeError, match=r"com\.example\.async.*async function"):
        getattr(app, use)("com.example.async")(handler)
