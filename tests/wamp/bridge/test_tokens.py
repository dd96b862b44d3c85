"""Bearer tokens, and requests without any proof."""

from __future__ import annotations

import json

import pytest

from tests.wamp.bridge.http import post, problem
from wsocket import Bridge, BridgeKey, Limits, Permission, Realm, Role, WSocketApp
from wsocket.errors import Denied
from wsocket.wamp.auth import Anonymous, Identity, Ticket, TicketUser, WebLogin

CALL = "/wamp/call"
WHOAMI = {"procedure": "com.who.am_i", "options": {"disclose_me": True}}
ALLOWED = [Permission("com.who.", match="prefix", allow=("call",))]


def whoami(app):
    """Register a procedure that returns who calls."""

    @app.register("com.who.am_i")
    def who(details):
        return [details.caller_authid, details.caller_authrole]


def bearer(token):
    return {"Authorization": f"Bearer {token}"}


def test_owner_of_a_token_is_a_role_or_an_identity(serve):
    """A role alone gets a name that does not show the token."""
    tokens = {"one": "backend", "two": Identity("ada", "admin")}
    app, url = serve(tokens=tokens)
    whoami(app)
    first, second = (
        json.loads(post(url, CALL, WHOAMI, headers=bearer(each)).body)["args"][0]
        for each in tokens
    )
    assert first[0].startswith("bearer-")
    assert "one" not in first[0]
    assert first[1] == "backend"
    assert second == ["ada", "admin"]


def test_function_may_know_the_tokens(serve):
    """It is asked for each request, off the loop."""
    known = {"good": "backend", "named": Identity("ada", "admin")}
    app, url = serve(tokens=known.get)
    whoami(app)
    answers = [post(url, CALL, WHOAMI, headers=bearer(each)) for each in known]
    assert [json.loads(each.body)["args"][0][1] for each in answers] == [
        "backend",
        "admin",
    ]
    refused = post(url, CALL, WHOAMI, headers=bearer("other"))
    assert refused.status == 401
    assert problem(refused)["detail"] == "the token is not known"
    assert refused.headers["WWW-Authenticate"] == 'Bearer realm="realm1"'


def test_function_that_fails_lets_nobody_in(serve, caplog):
    """Its error is logged, and the client is told that it is not its fault."""

    def broken(token):
        raise RuntimeError("the database is gone")

    _, url = serve(tokens=broken)
    answer = post(url, CALL, WHOAMI, headers=bearer("any"))
    assert answer.status == 503
    assert problem(answer)["error"] == "wamp.error.authentication_failed"
    assert "the database is gone" not in answer.text
    assert "the database is gone" in caplog.text


@pytest.mark.parametrize("result", [7, True, ("ada", "admin")])
def test_function_that_returns_nonsense_lets_nobody_in(serve, caplog, result):
    """Neither a number nor True is a role: the log says what was expected."""
    _, url = serve(tokens=lambda token: result)
    assert post(url, CALL, WHOAMI, headers=bearer("any")).status == 503
    assert "expected a role, an Identity or None, got" in caplog.text


def test_function_may_say_why_it_refuses(serve):
    """With `Denied`, as authenticators do."""

    def expired(token):
        raise Denied("expired", message="the token has expired")

    _, url = serve(tokens=expired)
    answer = post(url, CALL, WHOAMI, headers=bearer("any"))
    assert (answer.status, problem(answer)["detail"]) == (401, "the token has expired")


def test_reason_that_an_application_gives_is_still_a_401(serve):
    """Whether it refuses a token or a cookie."""

    def expired(_):
        raise Denied("expired", reason="com.shop.error.expired")

    realm = Realm("realm1", auth=[WebLogin(expired)])
    _, url = serve({"realm": realm}, tokens=expired)
    for headers in (bearer("any"), {"Cookie": "login=ada"}):
        answer = post(url, CALL, WHOAMI, headers=headers)
        assert answer.status == 401
        assert problem(answer)["error"] == "com.shop.error.expired"


def test_request_without_a_proof_is_an_anonymous_client(serve):
    """With the role that the realm gives to these."""
    realm = Realm("realm1", auth=[Anonymous("guest")], roles=[Role("guest", ALLOWED)])
    app, url = serve({"realm": realm})
    whoami(app)
    answer = post(url, CALL, WHOAMI)
    assert json.loads(answer.body)["args"][0][1] == "guest"


def test_realm_that_demands_a_login_refuses_requests_without_a_proof(serve):
    """There is nobody who could answer a challenge."""
    users = {"ada": TicketUser(ticket="secret", role="admin")}
    _, url = serve({"realm": Realm("realm1", auth=[Ticket(users)])})
    answer = post(url, CALL, WHOAMI)
    assert answer.status == 401
    assert problem(answer)["error"] == "wamp.error.no_matching_auth_method"


def test_cookie_of_the_web_app_is_a_login(serve):
    """As for a websocket of the same page."""

    def who(environ):
        return ("ada", "admin") if environ.get("HTTP_COOKIE") == "login=ada" else None

    app, url = serve({"realm": Realm("realm1", auth=[WebLogin(who)])})
    whoami(app)
    answer = post(url, CALL, WHOAMI, headers={"Cookie": "login=ada"})
    assert json.loads(answer.body)["args"] == [["ada", "admin"]]
    assert post(url, CALL, WHOAMI).status == 401


def test_role_that_the_realm_does_not_know_may_do_nothing(serve, caplog):
    """A token is no way around the roles; that a function made it up is logged once."""
    realm = Realm("realm1", roles=[Role("guest", ALLOWED)])
    app, url = serve({"realm": realm}, tokens={"one": "gest"}.get)
    whoami(app)
    answers = [post(url, CALL, WHOAMI, headers=bearer("one")) for _ in range(2)]
    assert [each.status for each in answers] == [403, 403]
    [warning] = [each.getMessage() for each in caplog.records if "role" in each.msg]
    assert "(bearer) gave it the role 'gest', and Realm.roles has only " in warning
    assert "add Role('gest', ...); did you mean 'guest'?" in warning


@pytest.mark.parametrize(
    ("bridge", "problem"),
    [
        (Bridge(tokens={"t": "usr"}), "role: .*has user, got 'usr'.*mean 'user'"),
        (Bridge(tokens={"t": Identity("ada", "usr")}), "role: .*has user, got 'usr'"),
        (Bridge(keys={"k": BridgeKey("x" * 16, role="usr")}), r"keys\['k'\].role"),
        (Bridge(realm="realm2"), "realms realm1, got 'realm2'.*mean 'realm1'"),
        (
            Bridge(keys={"k": BridgeKey("x" * 16, role="user", realm="x.y")}),
            r"keys\['k'\].realm: .*got 'x.y'; write WSocketApp\(realms=",
        ),
    ],
    ids=["token", "identity", "key", "realm", "realm of a key"],
)
def test_roles_and_realms_that_are_not_there_are_refused(bridge, problem):
    """Every request would be refused, and nobody would know why."""
    realm = Realm("realm1", roles=[Role("user")])
    with pytest.raises(ValueError, match=problem):
        WSocketApp(protocol="WAMP", realm=realm, bridge=bridge)


def test_any_role_of_the_bridge_is_useful_beside_an_authorizer():
    """And without roles."""
    bridge = Bridge(tokens={"t": "usr"})
    ruled = Realm("realm1", roles=[Role("user")], authorizer=lambda request: True)
    for realm in (ruled, Realm("realm1")):
        WSocketApp(protocol="WAMP", realm=realm, bridge=bridge).close()


def test_authorizer_is_asked_as_for_any_session(serve):
    """It sees the role of the token."""
    asked = []

    def authorizer(request):
        asked.append((request.session["authrole"], request.action, request.uri))
        return request.session["authrole"] == "backend"

    realm = Realm("realm1", authorizer=authorizer)
    app, url = serve({"realm": realm}, tokens={"one": "backend", "two": "other"})
    whoami(app)
    statuses = [
        post(url, CALL, WHOAMI, headers=bearer(each)).status for each in ("one", "two")
    ]
    assert statuses == [200, 403]
    assert asked == [(role, "call", "com.who.am_i") for role in ("backend", "other")]


def test_wrong_proofs_count_as_failed_logins(serve):
    """`Limits.failed_logins_per_minute` holds for all ways in."""
    app, url = serve(
        {"limits": Limits(failed_logins_per_minute=2)}, tokens={"one": "backend"}
    )
    whoami(app)
    statuses = [post(url, CALL, WHOAMI, headers=bearer("x")).status for _ in range(3)]
    assert statuses == [401, 401, 503]
    assert post(url, CALL, WHOAMI, headers=bearer("one")).status == 503


@pytest.mark.parametrize(
    ("make", "problem"),
    [
        (lambda: Bridge("wamp"), "expected a path"),
        (lambda: Bridge("/wamp/"), "expected a path"),
        (lambda: Bridge("/w%61mp"), "expected a path"),
        (lambda: Bridge(7), "Bridge.path: expected a string"),
        (lambda: Bridge(keys={"a": "secret"}), "expected a BridgeKey, got str"),
        (lambda: Bridge(keys={'"': BridgeKey("x" * 16, role="r")}), "a key ID"),
        (lambda: Bridge(tokens={"": "role"}), "a token"),
        (lambda: Bridge(tokens={"t": 7}), "a role"),
        (lambda: Bridge(tokens=7), "a mapping or a function"),
        (lambda: Bridge(max_body=0), "Bridge.max_body"),
        (lambda: Bridge(max_streams=-1), "Bridge.max_streams"),
        (lambda: Bridge(clock_skew=0.5), "Bridge.clock_skew"),
        (lambda: Bridge(realm=""), "Bridge.realm"),
        (lambda: BridgeKey("short", role="r"), "at least 16 bytes"),
        (lambda: BridgeKey(7, role="r"), "BridgeKey.secret"),
        (lambda: BridgeKey("x" * 16, role=""), "BridgeKey.role"),
        (lambda: WSocketApp(bridge="/wamp"), "bridge: is for a router"),
        (lambda: WSocketApp(protocol="WAMP", bridge="wamp"), "expected a path"),
    ],
)
def test_mistake_in_the_settings_is_told_at_once(make, problem):
    """With the name of the setting."""
    with pytest.raises((TypeError, ValueError, RuntimeError), match=problem):
        make()


def test_settings_do_not_show_secrets():
    """They may be printed."""
    bridge = Bridge(
        keys={"a": BridgeKey("a secret of a key", role="r")}, tokens={"hidden": "role"}
    )
    assert "a secret" not in repr(bridge)
    assert "hidden" not in repr(bridge)
