"""WAMP-CRA."""

from __future__ import annotations

import base64
import json
import re
from datetime import datetime, timedelta, timezone

import pytest
from autobahn.wamp.auth import AuthWampCra, compute_wcs, derive_key
from autobahn.wamp.types import Challenge

from tests.wamp.auth.clients import SESSION, challenged, hello, refusal
from wsocket.wamp.auth import AUTHENTICATION_DENIED, Identity, WampCra, WampCraUser

JOE = WampCraUser(secret="s3cret", role="user", provider="userdb")
ANN = WampCraUser.from_password("pässword", role="admin", iterations=7, keylen=16)
CRA = WampCra({"joe": JOE, "ann": ANN})
PASSWORDS = {"joe": "s3cret", "ann": "pässword"}


def ask(method: WampCra = CRA, authid: str = "joe"):
    return challenged(method.begin(hello("wampcra", authid)))


def signature_of(exchange, secret: str) -> str:
    """As autobahn's client computes it."""
    client = AuthWampCra(authid="joe", secret=secret)
    return client.on_challenge(None, Challenge("wampcra", dict(exchange.challenge)))


@pytest.mark.parametrize("authid", ["joe", "ann"])
def test_an_autobahn_client_with_the_secret_is_let_in(authid):
    """With a plain secret, and with a salted one."""
    exchange = ask(authid=authid)
    identity = exchange.verify(signature_of(exchange, PASSWORDS[authid]), {})
    expected = {
        "joe": Identity("joe", "user", "userdb"),
        "ann": Identity("ann", "admin", "static"),
    }
    assert identity == expected[authid]


def test_the_challenge_says_what_the_client_will_be():
    """All seven fields; time in UTC with milliseconds."""
    zone = timezone(timedelta(hours=2))
    then = datetime(2014, 6, 22, 18, 36, 25, 448999, tzinfo=zone)
    method = WampCra({"joe": JOE}, token_bytes=bytes, now=lambda: then)
    assert json.loads(ask(method).challenge["challenge"]) == {
        "authid": "joe",
        "authrole": "user",
        "authmethod": "wampcra",
        "authprovider": "userdb",
        "nonce": "AAAAAAAAAAAAAAAAAAAAAA==",
        "timestamp": "2014-06-22T16:36:25.448Z",
        "session": SESSION,
    }


def test_only_a_salted_secret_has_parameters_in_the_challenge():
    """The client derives the key from them."""
    assert set(ask().challenge) == {"challenge"}
    challenge = ask(authid="ann").challenge
    assert set(challenge) == {"challenge", "salt", "iterations", "keylen"}
    assert (challenge["iterations"], challenge["keylen"]) == (7, 16)
    assert challenge["salt"] == ANN.salt


def test_a_derived_key_is_stored_as_autobahn_derives_it():
    """The key is the base64 text, so both can use the same database."""
    user = WampCraUser.from_password("pw", role="user", salt="salt123", iterations=1000)
    assert user.secret.encode() == derive_key("pw", "salt123", 1000, 32)
    assert WampCraUser(secret=user.secret, salt="salt123", role="user") == user


@pytest.mark.parametrize(
    "spoil",
    [
        lambda signature: "",
        lambda signature: signature[:-1],
        lambda signature: signature + "=",
        lambda signature: signature + "\n",
        lambda signature: "A" + signature,
        lambda signature: signature.swapcase(),
        lambda signature: "\0" + signature,
        lambda signature: "ü" * 44,
        lambda signature: "A" * 10**6,
        lambda signature: signature.encode(),
        lambda signature: None,
    ],
)
def test_a_spoilt_signature_is_refused(spoil):
    """One spelling is right."""
    exchange = ask()
    signature = spoil(signature_of(exchange, "s3cret"))
    assert refusal(exchange, signature)[0] == AUTHENTICATION_DENIED


def test_the_raw_derived_key_is_not_the_hmac_key():
    """The stored text is, whatever octets it encodes."""
    exchange = ask(authid="ann")
    raw = derive_key("pässword", ANN.salt, 7, 16)[:-2]
    wrong = compute_wcs(raw, exchange.challenge["challenge"]).decode()
    assert refusal(exchange, wrong)[0] == AUTHENTICATION_DENIED


def test_a_stranger_cannot_be_told_from_a_user_by_the_challenge():
    """Its text has some user's role and provider."""
    method = WampCra({"ann": ANN})
    stranger, user = (ask(method, name) for name in ("eve", "ann"))
    text, users_text = (
        json.loads(exchange.challenge["challenge"]) for exchange in (stranger, user)
    )
    assert text.keys() == users_text.keys()
    assert text["authrole"] == users_text["authrole"]
    assert text["authprovider"] == users_text["authprovider"]
    assert text["authid"] == "eve"


@pytest.mark.parametrize(
    ("salt", "kind"),
    [
        ("0a1b2c3d4e5f", r"[0-9a-f]{12}"),
        ("cGVwcGVyISE=", r"[0-9A-Za-z+/]{11}="),
        ("pepper & salt", r"[0-9A-Za-z]{13}"),
    ],
)
def test_a_strangers_salt_is_of_the_kind_of_the_users(salt, kind):
    """Hex, base64 or any text, and as long."""
    user = WampCraUser.from_password("pw", role="user", salt=salt, iterations=1)
    method = WampCra({"ann": user})
    salts = [ask(method, f"eve{n}").challenge["salt"] for n in range(20)]
    assert [made for made in salts if not re.fullmatch(kind, made)] == []
    assert len(set(salts)) == 20


def test_a_decoy_stands_for_the_users_of_a_callable():
    """Nothing else says what they look like."""
    method = WampCra(lambda request: None, decoy=ANN)
    challenge = ask(method, "eve").challenge
    assert challenge["iterations"] == ANN.iterations
    assert json.loads(challenge["challenge"])["authrole"] == "admin"
    assert json.loads(challenge["challenge"])["authprovider"] == "dynamic"


@pytest.mark.parametrize(
    "guess", [base64.b64encode(bytes(32)).decode(), "none", "user"]
)
def test_guessing_a_strangers_secret_lets_nobody_in(guess):
    """Not even where the random numbers are known."""
    exchange = ask(WampCra({"joe": JOE}, token_bytes=bytes), "eve")
    signature = signature_of(exchange, guess)
    assert refusal(exchange, signature)[0] == AUTHENTICATION_DENIED


@pytest.mark.parametrize(
    ("fields", "error", "message"),
    [
        ({"secret": b"x"}, TypeError, "WampCraUser.secret: expected a string"),
        ({"secret": ""}, ValueError, "WampCraUser.secret"),
        ({"iterations": 0}, ValueError, "WampCraUser.iterations: expected 1 to"),
        ({"iterations": True}, TypeError, "WampCraUser.iterations"),
        ({"keylen": 0}, ValueError, "WampCraUser.keylen"),
        ({"keylen": 10**9}, ValueError, "WampCraUser.keylen"),
        ({"salt": 7}, TypeError, "WampCraUser.salt"),
        ({"salt": "s", "secret": "plain"}, ValueError, "from_password makes it"),
        ({"salt": "s", "secret": "AAAA"}, ValueError, "key of 32 bytes"),
    ],
)
def test_users_are_checked_when_they_are_made(fields, error, message):
    """The error names the field, and does not show the secret."""
    valid = {"secret": "s3cret", "role": "user"}
    with pytest.raises(error, match=message) as caught:
        WampCraUser(**(valid | fields))
    assert "plain" not in str(caught.value)


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"users": {}, "decoy": "x"}, TypeError, "WampCra.decoy: expected a WampCra"),
        ({"users": {}, "decoy_key": "x"}, TypeError, "WampCra.decoy_key: expected by"),
    ],
)
def test_arguments_are_checked_at_construction(arguments, error, message):
    """The error names the argument."""
    with pytest.raises(error, match=message):
        WampCra(**arguments)
