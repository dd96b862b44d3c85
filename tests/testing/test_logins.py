"""Logging in with each method of WAMP, and by the web application's own login."""

from __future__ import annotations

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from wsocket import ApplicationError, Permission, Realm, Role, WSocketApp
from wsocket.testing import (
    Client,
    ConversationFailure,
    cryptosign,
    scram,
    ticket,
    wampcra,
)
from wsocket.wamp.auth import (
    Cryptosign,
    CryptosignUser,
    Scram,
    ScramUser,
    Ticket,
    TicketUser,
    WampCra,
    WampCraUser,
    WebLogin,
)

KEY, STRANGE_KEY = Ed25519PrivateKey.generate(), Ed25519PrivateKey.generate()
PUBLIC = KEY.public_key().public_bytes_raw()


def scram_users(**settings):
    return Scram({"joe": ScramUser.from_password("pw", role="user", **settings)})


METHODS = {
    "ticket": (
        lambda: Ticket({"joe": TicketUser(ticket="t", role="user")}),
        ticket("t"),
        ticket("wrong"),
    ),
    "wampcra": (
        lambda: WampCra({"joe": WampCraUser(secret="s", role="user")}),
        wampcra("s"),
        wampcra("wrong"),
    ),
    "wampcra, salted": (
        lambda: WampCra({"joe": WampCraUser.from_password("pw", role="user")}),
        wampcra("pw"),
        wampcra("wrong"),
    ),
    "scram": (lambda: scram_users(iterations=100), scram("pw"), scram("wrong")),
    "scram, argon2": (
        lambda: scram_users(kdf="argon2id13", iterations=1, memory=8),
        scram("pw"),
        scram("wrong"),
    ),
    "cryptosign": (
        lambda: Cryptosign({PUBLIC.hex(): CryptosignUser(authid="joe", role="user")}),
        cryptosign(KEY.sign, PUBLIC),
        cryptosign(STRANGE_KEY.sign, PUBLIC.hex()),
    ),
}


@pytest.mark.parametrize("name", METHODS)
def test_login(name):
    """The right credentials are accepted, and wrong ones are refused."""
    method, right, wrong = METHODS[name]
    app = WSocketApp(protocol="WAMP", realm=Realm("realm1", auth=[method()]))
    with Client(app) as client:
        with client.join(authid="joe", auth=right) as session:
            assert (session.authid, session.authrole) == ("joe", "user")
            assert session.welcome["authmethod"] == right.method
        with pytest.raises(ApplicationError) as refused:
            client.join(authid="joe", auth=wrong)
        assert refused.value.error == "wamp.error.authentication_denied"
        assert client.clock.now > 0  # the login delay
        with pytest.raises(ApplicationError):
            client.join()


def test_challenge_without_credentials_is_a_failure():
    """The message says which argument is missing."""
    method = METHODS["ticket"][0]()
    app = WSocketApp(protocol="WAMP", realm=Realm("realm1", auth=[method]))
    with (
        Client(app) as client,
        pytest.raises(ConversationFailure, match=r"'ticket'; say join\(auth=...\)"),
    ):
        client.join(authid="joe", details={"authmethods": ["ticket"]})


@pytest.fixture
def site() -> WSocketApp:
    """A site with a login, whose users may listen to everything."""

    def logged_in(environ):
        if "sid=1" in environ.get("HTTP_COOKIE", ""):
            return "ada", "user"
        if environ.get("HTTP_X_TOKEN") == "secret":
            return "robot", "user"
        name = environ.get("REMOTE_USER")
        return (name, "user") if name else None

    allowed = Permission("com.example", match="prefix", allow=["subscribe"])
    roles = [Role("user", [allowed])]
    realm = Realm("realm1", auth=[WebLogin(logged_in)], roles=roles)
    app = WSocketApp(protocol="WAMP", realm=realm)

    @app.route("/login")
    def login(environ, start_response):
        start_response(204, {"Set-Cookie": "sid=1"})
        return ""

    return app


def test_login_of_the_site_is_that_of_the_session(site):
    """By its cookie, by a header, or by what a server in front puts into environ."""
    with Client(site) as client:
        with pytest.raises(ApplicationError):
            client.join()
        assert client.join(headers={"X-Token": "secret"}).authid == "robot"
        assert client.join(environ={"REMOTE_USER": "bob"}).authid == "bob"
        client.get("/login")
        assert client.join().authid == "ada"


def test_permissions_are_enforced(site):
    """Nothing is bypassed: the role may subscribe, and not publish."""
    with Client(site, environ={"REMOTE_USER": "bob"}) as client:
        session = client.join()
        session.subscribe("com.example.news")
        with pytest.raises(ApplicationError) as refused:
            session.publish("com.example.news")
        assert refused.value.error == "wamp.error.not_authorized"
