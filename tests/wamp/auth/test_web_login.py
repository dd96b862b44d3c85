"""The web app's own login."""

from __future__ import annotations

import pytest

from tests.wamp.auth.clients import hello
from wsocket.wamp.auth import AUTHENTICATION_FAILED, Denied, Identity, WebLogin

ENVIRON = {"REQUEST_METHOD": "GET", "HTTP_COOKIE": "session=joe"}
JOE = Identity("joe", "user", "flask", {"team": "blue"})


def who(environ):
    """As an app would look its session up."""
    cookie = environ.get("HTTP_COOKIE", "")
    return ("joe", "user") if cookie == "session=joe" else None


def begin(login, **fields):
    request = {"method": "cookie", "authid": None, "environ": ENVIRON} | fields
    return WebLogin(login).begin(hello(**request))


@pytest.mark.parametrize(
    "authmethods", [(), ("anonymous",), ("cookie",), ("ticket", "cookie")]
)
def test_a_client_that_is_logged_in_needs_no_other_credentials(authmethods):
    """It offers cookie or anonymous, or nothing at all."""
    identity = begin(who, authmethods=authmethods)
    assert identity == Identity("joe", "user", "dynamic")


def test_a_client_that_is_not_logged_in_is_left_to_other_methods():
    """The answer is None, not a refusal."""
    assert begin(who, environ=ENVIRON | {"HTTP_COOKIE": "session=eve"}) is None


@pytest.mark.parametrize(
    "fields",
    [
        {"authmethods": ("ticket",)},
        {"environ": {}},
        {"environ": {"REMOTE_ADDR": "127.0.0.1", "REMOTE_PORT": "50000"}},
    ],
    ids=["other", "no HTTP", "no HTTP on TCP"],
)
def test_the_app_is_not_asked_about_clients_it_cannot_know(fields):
    """Those that offer other methods only, and those without an upgrade request."""
    assert begin(lambda environ: pytest.fail("asked"), **fields) is None


def test_an_identity_says_everything_itself():
    """With an authprovider and an extra for WELCOME."""
    assert begin(lambda environ: JOE) == JOE


def test_the_app_gets_an_environ_of_its_own():
    """Middleware may write into it."""
    begin(lambda environ: environ.clear())
    assert ENVIRON == {"REQUEST_METHOD": "GET", "HTTP_COOKIE": "session=joe"}


@pytest.mark.parametrize("authid", ["joe", None])
def test_a_client_gets_the_authid_of_its_login(authid):
    """It may name it."""
    assert begin(who, authid=authid).authid == "joe"


@pytest.mark.parametrize("authid", ["ann", "", "joe\0", "\ud800", "j" * 1025])
def test_a_client_that_asks_for_another_authid_is_refused(authid):
    """Else it would act as somebody it does not think it is."""
    with pytest.raises(Denied):
        begin(who, authid=authid)


@pytest.mark.parametrize(
    "login",
    [
        "joe",
        ("joe",),
        ("joe", "user", 1),
        ["joe", "user"],
        (7, "user"),
        ("", "user"),
        0,
    ],
)
def test_an_app_that_returns_something_else_is_logged(login, caplog):
    """The client hears of a technical failure only."""
    with pytest.raises(Denied) as caught:
        begin(lambda environ: login)
    assert caught.value.reason == AUTHENTICATION_FAILED
    assert "WebLogin.who" in caplog.text


def test_an_app_that_fails_is_logged(caplog):
    """With the traceback; the client is not let in by another method instead."""
    with pytest.raises(Denied) as caught:
        begin(lambda environ: environ["no such key"])
    assert caught.value.reason == AUTHENTICATION_FAILED
    assert "no such key" not in caught.value.message
    (record,) = caplog.records
    assert record.exc_info[0] is KeyError


async def coroutine(environ):
    """An async callable."""


@pytest.mark.parametrize("login", [None, {}, coroutine])
def test_only_a_plain_callable_can_say_who_is_logged_in(login):
    """The error names the argument."""
    with pytest.raises(TypeError, match=r"WebLogin\.who"):
        WebLogin(login)
