"""What is the application's own: no client can take it away, whatever it may call."""

from __future__ import annotations

from queue import Queue
from typing import Any

import pytest

from tests.patience import SECONDS
from tests.wamp.raw_client import CALL, REGISTER
from tests.wamp.realm_kit import (
    NOT_AUTHORIZED,
    OPERATOR,
    AsAsked,
    explanation,
    refusal,
    result,
)
from wsocket import ApplicationError
from wsocket.wamp.auth import Anonymous

OWN, TOPIC = "com.example.own", "com.example.topic"


@pytest.fixture(params=["open", "roles"])
def router(serve, request):
    """An open realm, and one in which an operator may do everything."""
    if request.param == "open":
        return serve(auth=[AsAsked(), Anonymous()])
    return serve(roles=[OPERATOR])


@pytest.fixture
def heard() -> Queue[Any]:
    return Queue()


@pytest.fixture
def client(router, heard):
    """A client that may call everything; the application has registered before."""
    router.app.register(OWN)(lambda: "own")
    router.app.register("com.example.shared", invoke="roundrobin")(lambda: "own")
    router.app.register("com.example.pattern.", match="prefix")(lambda: "own")
    router.app.subscribe(TOPIC)(heard.put)
    return router.join()


def of_application(client, kind: str, uri: str, match: str = "exact"):
    """A registration or subscription, and the session of the application in it."""
    id = result(client, f"wamp.{kind}.lookup", uri, {"match": match})
    members = "callees" if kind == "registration" else "subscribers"
    for session in result(client, f"wamp.{kind}.list_{members}", id):
        if session != client.session:
            return id, session
    raise AssertionError("the application is not there")


@pytest.mark.parametrize(
    ("uri", "match"),
    [
        (OWN, "exact"),
        ("com.example.shared", "exact"),
        ("com.example.pattern.", "prefix"),
    ],
)
def test_its_procedures_cannot_be_removed(client, uri, match):
    """Neither a shared registration nor a pattern; the ERROR says whose it is."""
    registration, session = of_application(client, "registration", uri, match)
    answer = client.request(
        CALL, {}, "wamp.registration.remove_callee", [registration, session]
    )
    assert refusal(answer) == NOT_AUTHORIZED
    assert "application" in explanation(answer)
    assert result(client, uri if match == "exact" else f"{uri}x") == "own"


def test_its_place_in_a_shared_registration_is_its_own(client):
    """A client that joins the registration can leave it, and nothing more."""
    client.register("com.example.shared", invoke="roundrobin")
    registration, session = of_application(client, "registration", "com.example.shared")
    args = [registration, session]
    answer = client.request(CALL, {}, "wamp.registration.remove_callee", args)
    assert refusal(answer) == NOT_AUTHORIZED
    args = [registration, client.session]
    assert client.request(CALL, {}, "wamp.registration.remove_callee", args)[0] == 50
    assert result(client, "com.example.shared") == "own"


@pytest.mark.parametrize("invoke", ["single", "roundrobin", "last"])
@pytest.mark.parametrize(
    ("uri", "match"),
    [
        (OWN, "exact"),
        ("com.example.shared", "exact"),
        ("com.example.pattern.", "prefix"),
    ],
)
def test_its_procedures_cannot_be_replaced(client, uri, match, invoke):
    """``force_reregister`` takes procedures of other clients only."""
    options = {"force_reregister": True, "invoke": invoke, "match": match}
    answer = client.request(REGISTER, options, uri)
    assert refusal(answer) == "wamp.error.procedure_already_exists"
    assert "application" in explanation(answer)
    assert result(client, uri if match == "exact" else f"{uri}x") == "own"


def test_its_subscriptions_cannot_be_removed(client, heard):
    """It goes on hearing what is published."""
    subscription, session = of_application(client, "subscription", TOPIC)
    answer = client.request(
        CALL, {}, "wamp.subscription.remove_subscriber", [subscription, session]
    )
    assert refusal(answer) == NOT_AUTHORIZED
    client.publish(TOPIC, ["still"])
    assert heard.get(timeout=SECONDS) == "still"


def test_its_session_cannot_be_ended(client):
    """By its ID, its authid, its authrole, or with all others."""
    _, session = of_application(client, "registration", OWN)
    details = result(client, "wamp.session.get", session)
    answer = client.request(CALL, {}, "wamp.session.kill", [session])
    assert refusal(answer) == NOT_AUTHORIZED
    assert result(client, "wamp.session.kill_by_authid", details["authid"]) == []
    assert result(client, "wamp.session.kill_by_authrole", details["authrole"]) == 0
    assert result(client, "wamp.session.kill_all") == 0
    assert result(client, OWN) == "own"


def test_client_with_its_role_is_a_client(serve):
    """The name of a role gives no such right."""
    router = serve(auth=[AsAsked()])
    router.app.register(OWN)(lambda: "own")
    impostor = router.join("application", "trusted")
    registration, session = of_application(impostor, "registration", OWN)
    args = [registration, session]
    answer = impostor.request(CALL, {}, "wamp.registration.remove_callee", args)
    assert refusal(answer) == NOT_AUTHORIZED


def test_application_can_do_all_that_itself(router, client, heard):
    """Remove what is its own, and end a client that has taken its place."""
    app = router.app
    registration, session = of_application(client, "registration", OWN)
    assert app.call("wamp.registration.remove_callee", registration, session) is None
    answer = client.request(CALL, {}, OWN)
    assert refusal(answer) == "wamp.error.no_such_procedure"
    subscription, session = of_application(client, "subscription", TOPIC)
    app.call("wamp.subscription.remove_subscriber", subscription, session)
    client.publish(TOPIC, ["unheard"])
    registration = client.register(OWN)
    app.call("wamp.registration.remove_callee", registration, client.session)
    assert client.request(CALL, {}, OWN)[4] == "wamp.error.no_such_procedure"
    assert heard.empty()
    app.call("wamp.session.kill", client.session)
    assert client.receive()[0] == 6
    with pytest.raises(ApplicationError):
        app.call("wamp.session.kill", session)
