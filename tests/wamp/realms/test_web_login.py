"""The web app's own login: its cookies say who a WAMP client is."""

from __future__ import annotations

import contextlib
import urllib.request
from http.cookies import SimpleCookie

import flask
import pytest

from tests.serving import serving
from tests.wamp.raw_client import SUBSCRIBE, WELCOME
from tests.wamp.realms.conftest import (
    DENIED,
    Router,
    knock,
    turned_away,
)
from wsocket import Permission, Realm, Role, WSocketApp
from wsocket.wamp.auth import Anonymous, Denied, Identity, Ticket, TicketUser, WebLogin

FAILED = "wamp.error.authentication_failed"
SESSIONS = {"s-joe": ("joe", "member"), "s-ann": ("ann", "admin")}


def who(environ):
    """Look the cookie up, as any web app does."""
    cookie = SimpleCookie(environ.get("HTTP_COOKIE", "")).get("sid")
    return SESSIONS.get(cookie.value) if cookie else None


@pytest.fixture
def router(serve):
    return serve(auth=[WebLogin(who)])


@pytest.mark.parametrize(
    "details", [{}, {"authmethods": ["cookie"]}, {"authmethods": ["x", "anonymous"]}]
)
def test_cookie_says_who_it_is(router, details, serializer):
    """Also to clients that offer nothing, as browsers' do."""
    client = router.connect(serializer, cookie="a=b; sid=s-joe")
    code, _, welcome = knock(client, **details)
    assert code == WELCOME
    assert welcome["authid"] == "joe"
    assert welcome["authrole"] == "member"
    assert welcome["authmethod"] == "cookie"
    assert welcome["authprovider"] == "dynamic"


@pytest.mark.parametrize("cookie", ["", "sid=guess", "sid=", "other=s-joe"])
def test_who_is_not_logged_in_stays_outside(router, cookie):
    """There is no other method."""
    client = router.connect(cookie=cookie)
    assert turned_away(client, knock(client)) == ("wamp.error.no_matching_auth_method")


def test_own_authid_may_be_named_and_no_other(router):
    """Nobody becomes somebody else by saying so."""
    client = router.connect(cookie="sid=s-joe")
    assert knock(client, authid="joe")[2]["authid"] == "joe"
    client = router.connect(cookie="sid=s-joe")
    assert turned_away(client, knock(client, authid="ann")) == DENIED


def test_other_methods_are_for_those_without_a_login(serve):
    """In the realm's order."""
    tickets = Ticket({"joe": TicketUser(ticket="secret!", role="user")})
    router = serve(auth=[WebLogin(who), tickets, Anonymous("guest")])
    client = router.connect()
    assert knock(client)[2]["authrole"] == "guest"
    client = router.connect(cookie="sid=s-ann")
    assert knock(client)[2]["authrole"] == "admin"
    client = router.connect(cookie="sid=s-ann")
    found = knock(client, authid="joe", authmethods=["ticket"])
    assert found[:2] == [4, "ticket"]


def test_role_of_the_login_decides(serve):
    """Authorization goes by it."""
    admin = Role("admin", [Permission("com.", "prefix", ["subscribe"])])
    router = serve(auth=[WebLogin(who)], roles=[admin, Role("member")])
    for session, allowed in (("s-ann", True), ("s-joe", False)):
        client = router.connect(cookie=f"sid={session}")
        assert knock(client)[0] == WELCOME
        answer = client.request(SUBSCRIBE, {}, "com.example.topic")
        assert (answer[0] == 33) is allowed


def test_login_is_asked_again_for_each_session(serve):
    """Who has logged out in between is out."""
    sessions = dict(SESSIONS)
    router = serve(auth=[WebLogin(lambda environ: sessions.get("s-joe"))])
    client = router.connect()
    assert knock(client)[0] == WELCOME
    client.leave()
    del sessions["s-joe"]
    assert turned_away(client, knock(client)) == "wamp.error.no_matching_auth_method"


def test_identity_may_bring_more(serve, serializer):
    """A provider and extra for WELCOME."""
    identity = Identity("joe", "member", "django", {"name": "Joé"})
    router = serve(auth=[WebLogin(lambda environ: identity)])
    welcome = knock(router.connect(serializer))[2]
    assert welcome["authprovider"] == "django"
    assert welcome["authextra"] == {"name": "Joé"}


def test_callable_sees_the_whole_request(serve):
    """Path, headers, address; what it does to the environ is its own affair."""
    seen = []

    def look(environ):
        seen.append(dict(environ))
        environ.clear()
        return ("joe", "member")

    router = serve(auth=[WebLogin(look)])
    client = router.connect(cookie="a=b")
    assert knock(client)[0] == WELCOME
    client.leave()
    assert knock(client)[0] == WELCOME
    for environ in seen:
        assert environ["HTTP_COOKIE"] == "a=b"
        assert environ["PATH_INFO"] == "/"
        assert environ["REMOTE_ADDR"] == "127.0.0.1"
    assert len(seen) == 2


@pytest.mark.parametrize("answer", ["joe", ("joe",), ("joe", 1), ("", "x"), 5, True])
def test_nonsense_lets_nobody_in(serve, answer):
    """It is the application's fault, and not told to the client."""
    client = serve(auth=[WebLogin(lambda environ: answer)]).connect()
    assert turned_away(client, knock(client)) == FAILED


def test_callable_may_fail_or_refuse(serve):
    """A failure is a failure; Denied says why."""

    def fail(environ):
        raise RuntimeError("hunter2")

    def deny(environ):
        raise Denied(reason="com.example.banned", message="you know why")

    client = serve(auth=[WebLogin(fail)]).connect()
    abort = knock(client)
    assert "hunter2" not in str(abort)
    assert turned_away(client, abort) == FAILED
    client = serve(auth=[WebLogin(deny)]).connect()
    assert turned_away(client, knock(client)) == "com.example.banned"


def test_flask_session_logs_in(serve):
    """The signed cookie that Flask set over HTTP is enough; a forged one is not."""
    web = flask.Flask(__name__)
    web.secret_key = "for this test"

    @web.post("/login/<name>")
    def login(name: str) -> str:
        flask.session["user"] = name
        return "ok"

    def flask_user(environ):
        with web.request_context(environ):
            user = flask.session.get("user")
        return None if user is None else (user, "member")

    router = serve(auth=[WebLogin(flask_user)])
    response = web.test_client().post("/login/joe")
    cookie = response.headers["Set-Cookie"].split(";")[0]
    client = router.connect(cookie=cookie)
    assert knock(client)[2]["authid"] == "joe"
    signed, signature = cookie.rsplit(".", 1)
    forged = router.connect(cookie=f"{signed}.{signature[::-1]}")
    assert turned_away(forged, knock(forged)) == "wamp.error.no_matching_auth_method"


def test_flask_app_and_router_in_one():
    """One WSGI app: HTTP logs in, the websocket on the same server knows it."""
    web = flask.Flask(__name__)
    web.secret_key = "for this test"

    @web.get("/login/<name>")
    def login(name: str) -> str:
        flask.session["user"] = name
        return "ok"

    def flask_user(environ):
        with web.request_context(environ):
            user = flask.session.get("user")
        return None if user is None else (user, "member")

    realm = Realm("realm1", auth=[WebLogin(flask_user)])
    app = WSocketApp(web, protocol="WAMP", realm=realm)
    with contextlib.ExitStack() as stack:
        url = stack.enter_context(serving(app))
        http = url.replace("ws:", "http:", 1) + "login/ann"
        with urllib.request.urlopen(http) as response:
            cookie = response.headers["Set-Cookie"].split(";")[0]
        client = Router(app, url, stack).connect(cookie=cookie)
        assert knock(client)[2]["authid"] == "ann"
