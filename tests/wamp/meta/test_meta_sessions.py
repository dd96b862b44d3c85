"""The session meta API: who is there, who comes and goes, and ending sessions."""

from __future__ import annotations

import pytest

from tests.wamp.raw_client import (
    CALL,
    GOODBYE,
    PUBLISH,
    RESULT,
)
from tests.wamp.realm_kit import (
    ALL,
    INVALID_ARGUMENT,
    INVALID_URI,
    META_KILLS,
    NOT_AUTHORIZED,
    OPERATOR,
    AsAsked,
    enter,
    error,
    events,
    explanation,
    payloads,
    refusal,
    result,
)
from wsocket import Realm, Role

NO_SESSION = "wamp.error.no_such_session"
KILLED = "wamp.close.killed"
JOIN, LEAVE = "wamp.session.on_join", "wamp.session.on_leave"


@pytest.fixture
def router(serve):
    return serve(roles=[OPERATOR, Role("guest", [ALL]), Role("staff", [ALL])])


@pytest.fixture
def operator(router):
    return router.join("operator")


def application(operator):
    """The session of the application itself: it was there first."""
    [session] = [
        each
        for each in result(operator, "wamp.session.list")
        if result(operator, "wamp.session.get", each)["authmethod"] == "internal"
    ]
    return session


def test_features_are_announced(operator):
    """Where the specification wants them."""
    roles = operator.welcome["roles"]
    broker, dealer = roles["broker"]["features"], roles["dealer"]["features"]
    assert broker["session_meta_api"] is True
    assert broker["subscription_meta_api"] is True
    assert dealer["session_meta_api"] is True
    assert dealer["registration_meta_api"] is True
    assert dealer["testament_meta_api"] is True


# Who is there


def test_sessions_are_counted_and_listed(router, operator, serializer):
    """All of them, or those of some roles."""
    client = router.join("joe", "staff", serializer=serializer)
    everybody = {application(operator), operator.session, client.session}
    assert set(result(client, "wamp.session.list")) == everybody
    assert result(client, "wamp.session.count") == 3
    for roles, expected in (
        (["staff"], [client.session]),
        (["staff", "operator"], [operator.session, client.session]),
        (["nobody"], []),
        ([], []),
    ):
        assert result(client, "wamp.session.list", roles) == expected
        assert result(client, "wamp.session.count", roles) == len(expected)
    assert result(client, "wamp.session.count", filter_authroles=["staff"]) == 1
    assert result(client, "wamp.session.count", None) == 3


def test_session_is_described(router, operator, serializer):
    """As WELCOME described it to the session itself."""
    client = router.join("joé", "staff", serializer=serializer)
    assert result(client, "wamp.session.get", client.session) == {
        "session": client.session,
        "authid": "joé",
        "authrole": "staff",
        "authmethod": "asked",
        "authprovider": "static",
        "transport": {"type": "websocket"},
    }


def test_session_that_is_not_there_is_no_such_session(router, operator):
    """Never was, has left, or is in another realm."""
    client = router.join("joe")
    former = client.session
    client.leave()
    router.app.add_realm(Realm("other", auth=[AsAsked()]))
    elsewhere = router.join("jim", realm="other")
    for session in (former, elsewhere.session, 2**53, 0, -1, 2**60):
        for procedure in ("get", "kill"):
            uri = f"wamp.session.{procedure}"
            assert error(operator, uri, session) == NO_SESSION
    assert elsewhere.until_now() == []


@pytest.mark.parametrize(
    ("procedure", "args", "kwargs"),
    [
        ("count", ["staff"], {}),
        ("count", [[1]], {}),
        ("count", [{}], {}),
        ("list", [0], {}),
        ("list", [[], []], {}),
        ("list", [], {"nonsense": 1}),
        ("get", [], {}),
        ("get", ["1"], {}),
        ("get", [True], {}),
        ("get", [None], {}),
        ("get", [1.5], {}),
        ("get", [[1]], {}),
        ("get", [1, 2], {}),
        ("kill", [], {}),
        ("kill", ["x"], {}),
        ("kill", ["other"], {"message": 1}),
        ("kill", ["other"], {"nonsense": 1}),
        ("kill", ["other", "com.example.reason"], {}),
        ("kill", ["other"], {"self": 1}),
        ("kill", ["other"], {"caller": 1}),
        ("kill_by_authid", [], {}),
        ("kill_by_authid", [1], {}),
        ("kill_by_authid", [["joe"]], {}),
        ("kill_by_authid", ["joe"], {"message": []}),
        ("kill_by_authrole", [], {}),
        ("kill_by_authrole", [None], {}),
        ("kill_by_authrole", [{}], {}),
        ("kill_by_authrole", ["operator"], {"message": {}}),
        ("kill_all", [1], {}),
        ("kill_all", [], {"message": True}),
    ],
)
def test_wrong_argument_is_refused(router, operator, procedure, args, kwargs):
    """Precisely, without a word about our code, and nobody is ended."""
    other = router.join("joe")
    given = [other.session if each == "other" else each for each in args]
    answer = operator.request(CALL, {}, f"wamp.session.{procedure}", given, kwargs)
    assert refusal(answer) == INVALID_ARGUMENT
    assert "Procedures" not in explanation(answer)
    assert other.until_now() == []


# Coming and going


def test_join_and_leave_are_announced(router, operator, serializer):
    """With everything about the session, and with its ID, authid and authrole."""
    watcher = router.join("watcher", serializer=serializer)
    join, leave = watcher.subscribe(JOIN), watcher.subscribe(LEAVE)
    client = router.join("joe", "staff")
    session = client.session
    client.leave()
    described = {
        "session": session,
        "authid": "joe",
        "authrole": "staff",
        "authmethod": "asked",
        "authprovider": "static",
        "transport": {"type": "websocket"},
    }
    found = [(message[1], message[3:]) for message in watcher.until_now()]
    assert found == [
        (join, [{}, [described]]),
        (leave, [{}, [session, "joe", "staff"]]),
    ]


def test_nobody_hears_of_its_own_coming_and_going(router):
    """It is not subscribed yet, or no longer."""
    client = router.join("joe")
    client.subscribe(JOIN)
    client.subscribe(LEAVE)
    assert client.until_now() == []
    client.leave()
    client = enter(client, "jim", "operator")
    assert client.until_now() == []


@pytest.mark.parametrize("how", ["goodbye", "kill"])
def test_nothing_follows_the_routers_goodbye(router, operator, how):
    """Not even what a session's own end does to its many subscriptions."""
    client = router.join("joe")
    for name in ("session", "subscription", "registration"):
        client.subscribe(f"wamp.{name}.", match="prefix")
    for number in range(20):
        client.subscribe(f"com.example.topic{number}")
    client.until_now()
    if how == "goodbye":
        client.send(GOODBYE, {}, "wamp.close.close_realm")
        assert client.receive()[0] == GOODBYE
    else:
        result(operator, "wamp.session.kill", client.session)
        assert client.receive()[0] == GOODBYE
        client.send(GOODBYE, {}, "wamp.close.goodbye_and_out")
    enter(client, "joe", "operator")  # WELCOME is the next message
    assert client.until_now() == []


def test_refused_login_is_not_announced(router, operator):
    """There was no session."""
    operator.subscribe("wamp.session.", match="prefix")
    client = router.connect()
    client.send(1, "realm1", {"roles": {"caller": {}}, "authmethods": ["ticket"]})
    assert client.receive()[0] == 3
    assert operator.until_now() == []


def test_session_end_is_told_from_the_inside_out(router, operator):
    """Subscriptions, registrations, and the session itself last."""
    operator.subscribe("wamp.", match="prefix")
    operator.until_now()
    client = router.join("joe")
    subscription = client.subscribe("com.example.topic")
    registration = client.register("com.example.procedure")
    operator.until_now()
    session = client.session
    client.leave()
    found = [(details["topic"], args) for details, args in events(operator)]
    assert found == [
        ("wamp.subscription.on_unsubscribe", [session, subscription]),
        ("wamp.subscription.on_delete", [session, subscription]),
        ("wamp.registration.on_unregister", [session, registration]),
        ("wamp.registration.on_delete", [session, registration]),
        (LEAVE, [session, "joe", "operator"]),
    ]


# Ending sessions


def test_kill_ends_a_session_with_goodbye(router, operator, serializer):
    """Without a message; its GOODBYE ends the exchange, and the transport goes on."""
    client = router.join("joe", serializer=serializer)
    operator.subscribe(LEAVE)
    killed = client.session
    assert result(operator, "wamp.session.kill", killed) is None
    assert client.receive() == [GOODBYE, {}, KILLED]
    assert payloads(operator) == [[killed, "joe", "operator"]]
    client.send(GOODBYE, {}, "wamp.close.goodbye_and_out")
    enter(client, "joe", "operator")
    assert client.session != killed


def test_kill_answers_without_a_result(router, operator, serializer):
    """Not with a null."""
    client = router.join("joe")
    killer = router.join("kim", serializer=serializer)
    request = killer.call("wamp.session.kill", [client.session])
    assert killer.receive() == [RESULT, request, {}]


def test_nothing_of_a_killed_session_is_processed(router, operator):
    """What crosses the GOODBYE is ignored, what it held is gone."""
    client = router.join("joe")
    client.subscribe("com.example.topic")
    client.register("com.example.procedure")
    operator.subscribe("com.example.topic")
    result(operator, "wamp.session.kill", client.session)
    client.send(PUBLISH, client.next_request(), {}, "com.example.topic")
    client.call("com.example.procedure")
    assert client.receive()[0] == GOODBYE
    client.send(GOODBYE, {}, "wamp.close.goodbye_and_out")
    client = enter(client, "joe", "operator")
    assert events(operator) == []
    uri = error(operator, "com.example.procedure")
    assert uri == "wamp.error.no_such_procedure"


@pytest.mark.parametrize("kill", META_KILLS)
def test_reason_and_message_reach_the_victim(router, operator, kill):
    """In GOODBYE."""
    client = router.join("joe", "staff")
    args = {
        "kill": [client.session],
        "kill_by_authid": ["joe"],
        "kill_by_authrole": ["staff"],
        "kill_all": [],
    }[kill]
    more = {"reason": "com.example.reason", "message": "so long"}
    result(operator, f"wamp.session.{kill}", *args, **more)
    assert client.receive() == [GOODBYE, {"message": "so long"}, "com.example.reason"]


@pytest.mark.parametrize("kill", META_KILLS)
@pytest.mark.parametrize("reason", ["", "com..x", "com x", "com.x\n", 1, [], "a.#"])
def test_reason_must_be_a_uri(router, operator, kill, reason):
    """Otherwise nobody is ended."""
    client = router.join("joe", "staff")
    args = {
        "kill": [client.session],
        "kill_by_authid": ["joe"],
        "kill_by_authrole": ["staff"],
        "kill_all": [],
    }[kill]
    assert error(operator, f"wamp.session.{kill}", *args, reason=reason) == INVALID_URI
    assert client.until_now() == []


def test_nobody_kills_itself(router, operator):
    """By ID it is no such session; the others leave the caller out."""
    assert error(operator, "wamp.session.kill", operator.session) == NO_SESSION
    assert result(operator, "wamp.session.kill_by_authid", "operator") == []
    assert result(operator, "wamp.session.kill_by_authrole", "operator") == 0
    assert result(operator, "wamp.session.kill_all") == 0
    assert operator.until_now() == []


def test_kill_by_authid_returns_the_sessions(router, operator, serializer):
    """Every session of that user but the caller."""
    caller = router.join("joe", serializer=serializer)
    victims = [router.join("joe", "staff"), router.join("joe", "guest")]
    other = router.join("jim")
    found = result(caller, "wamp.session.kill_by_authid", "joe")
    assert found == [each.session for each in victims]
    for victim in victims:
        assert victim.receive() == [GOODBYE, {}, KILLED]
    assert other.until_now() == []
    assert caller.until_now() == []


def test_kill_by_authrole_returns_how_many(router, operator, serializer):
    """Every session of that role but the caller."""
    caller = router.join("kim", "staff", serializer=serializer)
    victims = [router.join("joe", "staff"), router.join("jim", "staff")]
    assert result(caller, "wamp.session.kill_by_authrole", "staff") == 2
    for victim in victims:
        assert victim.receive() == [GOODBYE, {}, KILLED]
    assert operator.until_now() == []


def test_kill_all_is_silent(router, operator, serializer):
    """It returns how many there were; not one meta event tells of it."""
    caller = router.join("kim", serializer=serializer)
    caller.subscribe("wamp.", match="prefix")
    caller.until_now()
    operator.subscribe("com.example.topic")
    operator.register("com.example.procedure")
    client = router.join("joe")
    client.subscribe("com.example.topic")
    caller.until_now()
    assert result(caller, "wamp.session.kill_all") == 2
    assert operator.receive() == client.receive() == [GOODBYE, {}, KILLED]
    assert caller.until_now() == []
    router.join("jim")
    assert [details["topic"] for details, _ in events(caller)] == [JOIN]


def test_application_itself_cannot_be_killed(router, operator):
    """Its procedures would be gone for as long as the process lives."""
    router.app.register("com.example.own")(lambda: "here")
    session = application(operator)
    details = result(operator, "wamp.session.get", session)
    assert error(operator, "wamp.session.kill", session) == NOT_AUTHORIZED
    assert result(operator, "wamp.session.kill_by_authid", details["authid"]) == []
    role = details["authrole"]
    assert result(operator, "wamp.session.kill_by_authrole", role) == 0
    assert result(operator, "wamp.session.kill_all") == 0
    assert result(operator, "com.example.own") == "here"
    assert router.app.call("wamp.session.count") == 2
