"""Every method of logging in, against our own router; and what is refused."""

from __future__ import annotations

import asyncio
import threading

import pytest

from tests.client.states import QUICK
from tests.patience import SECONDS
from tests.serving import serving
from tests.wamp.router.logins import ACCOUNTS, PASSWORD
from wsocket import Realm, WSocketApp
from wsocket.client import ConnectionLost, JoinRefused, connect_async
from wsocket.client.auth import CRA, Anonymous, Cookie, Cryptosign, Scram, Ticket
from wsocket.wamp.auth import Anonymous as AnonymousMethod
from wsocket.wamp.auth import WebLogin

RIGHT = {
    "ticket": Ticket("joe", "secret!"),
    "wampcra": CRA("joe", "secret!"),
    "salted": CRA("joe", "secret!"),
    "pbkdf2": Scram("joe", PASSWORD),
    "argon2": Scram("joe", PASSWORD),
    "cryptosign": Cryptosign("joe", b"o" * 32),
}
WRONG = {
    "ticket": Ticket("joe", "wrong"),
    "wampcra": CRA("joe", "wrong"),
    "salted": CRA("joe", "wrong"),
    "pbkdf2": Scram("joe", "wrong"),
    "argon2": Scram("joe", "wrong"),
    "cryptosign": Cryptosign(None, (b"x" * 32).hex()),
}


@pytest.fixture(scope="module")
def url():
    """A router with a realm for each method."""
    realms = [
        Realm(name, auth=[account.configured()], login_delay=0)
        for name, account in ACCOUNTS.items()
    ]
    web = WebLogin(lambda environ: (environ["HTTP_COOKIE"].partition("=")[2], "user"))
    realms += [Realm("cookie", auth=[web]), Realm("open", auth=[AnonymousMethod()])]
    with serving(WSocketApp(protocol="WAMP", realms=realms)) as url:
        yield url


@pytest.mark.parametrize("method", RIGHT)
def test_right_secret_lets_the_client_in(connecting, url, method):
    """Under its name."""
    with connecting(url, method, auth=RIGHT[method]) as session:
        assert (session.authid, session.authrole) == ("joe", "user")


def test_event_loop_goes_on_while_a_key_is_derived(url):
    """An answer may take a tenth of a second of computing."""
    begun, goes_on = threading.Event(), threading.Event()

    class Slow(Ticket):
        def answer(self, method, extra):
            begun.set()
            assert goes_on.wait(SECONDS), "the event loop was blocked"
            return super().answer(method, extra)

    async def let_it_go_on():
        await asyncio.to_thread(begun.wait, SECONDS)
        goes_on.set()

    async def scenario():
        other = asyncio.create_task(let_it_go_on())
        async with connect_async(url, "ticket", auth=Slow("joe", "secret!")) as session:
            assert session.authid == "joe"
        await other

    asyncio.run(scenario())


@pytest.mark.parametrize("method", WRONG)
def test_wrong_secret_is_refused_at_once(connecting, url, method):
    """The exception has the reason, and not the secret."""
    with pytest.raises(JoinRefused) as caught:
        connecting(url, method, auth=WRONG[method]).__enter__()
    assert caught.value.reason == "wamp.error.authentication_denied"
    assert "wrong" not in str(caught.value)


def test_login_that_fails_itself_is_the_reason(connecting, url):
    """The program that wrote it is told what it raised."""

    class Broken:
        def begin(self, random_bytes):
            raise RuntimeError("no key in the keyring")

    with pytest.raises(ConnectionLost, match="RuntimeError: no key in the") as caught:
        connecting(url, "ticket", auth=Broken()).__enter__()
    assert isinstance(caught.value.__cause__, RuntimeError)


def test_login_of_a_web_page(connecting, url):
    """Its cookie is in the headers."""
    headers = {"Cookie": "login=ada"}
    with connecting(url, "cookie", auth=Cookie(), headers=headers) as session:
        assert (session.authid, session.authmethod) == ("ada", "cookie")


def test_anonymous_client(connecting, url):
    """It gets a name from the router."""
    with connecting(url, "open", auth=Anonymous()) as session:
        assert session.authmethod == "anonymous"
    with pytest.raises(JoinRefused) as caught:
        connecting(url, "ticket").__enter__()
    assert caught.value.reason == "wamp.error.no_matching_auth_method"


def test_missing_realm_is_refused_at_once(connecting, url):
    """With the reason."""
    with pytest.raises(JoinRefused, match=r"com\.example\.nowhere") as caught:
        connecting(url, "com.example.nowhere").__enter__()
    assert caught.value.reason == "wamp.error.no_such_realm"


LATER = {**RIGHT, "cookie": Cookie()}


class Later:
    """A router whose mind about a login can be changed.

    Attributes:
        answer: True lets the client in, None does not, and "error" is a failure.
    """

    def __init__(self, method):
        self.answer = True
        account = ACCOUNTS.get(method)
        if account is None:
            auth = WebLogin(lambda environ: self._ask() and ("ada", "user"))
        else:
            auth = account.method(lambda request: self._ask() and account.user)
        realm = Realm("realm1", auth=[auth], login_delay=0)
        self.app = WSocketApp(protocol="WAMP", realm=realm)

    def _ask(self):
        if self.answer == "error":
            raise RuntimeError("the database is away")
        return self.answer


@pytest.fixture
def later(request, connecting, states):
    """A router with a session that connects again quickly, and is there."""
    router = Later(request.param)
    options = {"reconnect": QUICK, "on_state": states, "auth": LATER[request.param]}
    with serving(router.app) as url, connecting(url, **options):
        states.until("joined")
        yield router


@pytest.mark.parametrize("later", LATER, indirect=True)
def test_client_that_is_not_let_in_again_gives_up(later, states):
    """By every method: another attempt would end in the same way."""
    later.answer = None
    later.app.close_connections(1001, "away")
    states.until("waiting")
    assert states.next().state == "connecting"
    closed = states.next()
    assert (closed.state, type(closed.error)) == ("closed", JoinRefused)
    assert closed.error.reason in (
        "wamp.error.authentication_denied",
        "wamp.error.no_matching_auth_method",
    )


@pytest.mark.parametrize("later", LATER, indirect=True)
def test_client_comes_again_after_a_failure_of_the_router(later, states):
    """By every method: the failure may be over then."""
    later.answer = "error"
    later.app.close_connections(1001, "away")
    for _ in range(2):
        states.until("connecting")
    error = states.until("waiting").error
    assert (type(error), error.reason) == (
        JoinRefused,
        "wamp.error.authentication_failed",
    )
    later.answer = True
    assert states.until("joined").error is None


@pytest.mark.parametrize("auth", [*RIGHT.values(), *WRONG.values()], ids=repr)
def test_secret_is_not_shown(auth):
    """Neither as text nor as bytes."""
    for secret in ("secret", PASSWORD, "wrong", "ooo", "xxx", "7878"):
        assert secret not in repr(auth)


@pytest.mark.parametrize(
    ("make", "problem"),
    [
        (lambda: Ticket("joe", ""), "Ticket.ticket"),
        (lambda: CRA("", "secret!"), "CRA.authid"),
        (lambda: Scram("joe", "pen\u0000cil"), "SASLprep"),
        (lambda: Cryptosign("joe", "abc"), "64 hex characters"),
        (lambda: Cryptosign("joe", b"abc"), "32 bytes"),
    ],
)
def test_impossible_secret_is_refused_when_it_is_given(make, problem):
    """Before anything is sent."""
    with pytest.raises(ValueError, match=problem):
        make()
