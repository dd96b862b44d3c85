"""What each method with a challenge has to obey; what is its own, its own file has."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import pytest

from tests.wamp.auth.clients import challenged, hello, refusal
from tests.wamp.realms.logins import ACCOUNTS, METHODS, Account, Login
from wsocket.wamp.auth import (
    AUTHENTICATION_DENIED,
    AUTHENTICATION_FAILED,
    AuthRequest,
    Denied,
)

SIGNING = [name for name in METHODS if name != "ticket"]
NAMED = [name for name in METHODS if name != "cryptosign"]  # they need an authid
SALTED = ["salted", "pbkdf2", "argon2"]
WITH_DECOYS = ["wampcra", *SALTED]


@pytest.fixture(params=METHODS)
def name(request: pytest.FixtureRequest) -> str:
    """Every method in turn."""
    found: str = request.param
    return found


@pytest.fixture
def account(name: str) -> Account:
    return ACCOUNTS[name]


def request_of(login: Login, **fields: Any) -> AuthRequest:
    """What the router knows of a client that says HELLO."""
    said = login.hello() | fields
    return hello(login.method, said.pop("authid"), authextra=said.pop("authextra"))


def start(method: Any, login: Login, **fields: Any):
    return challenged(method.begin(request_of(login, **fields)))


def without_joe(name: str, users: Any) -> Any:
    """The method with *users*; strangers are challenged as joe would be."""
    account = ACCOUNTS[name]
    more = {"decoy": account.user} if name in WITH_DECOYS else {}
    return account.method(users, **more)


def answered(exchange, login: Login):
    return exchange.verify(*login.answer(exchange.challenge))


def refused(exchange, login: Login) -> tuple[str, str]:
    """Reason and message for this client's answer."""
    return refusal(exchange, *login.answer(exchange.challenge))


# The right answer, once


def test_the_right_answer_is_the_user(name, account):
    """With the role of its entry; the provider says that there is a table."""
    identity = answered(start(account.configured(), Login(name)), Login(name))
    assert identity.authid == "joe"
    assert identity.authrole == "user"
    assert identity.authprovider == "static"


@pytest.mark.parametrize("right", [True, False])
def test_an_exchange_cannot_be_replayed(name, account, right):
    """Whatever the first answer was, the right one is refused then."""
    login = Login(name)
    exchange = start(account.configured(), login)
    answer = login.answer(exchange.challenge)
    if right:
        assert exchange.verify(*answer).authid == "joe"
    else:
        refusal(exchange, "wrong")
    assert refusal(exchange, *answer)[0] == AUTHENTICATION_DENIED


@pytest.mark.parametrize("name", SIGNING)
def test_an_answer_is_for_one_challenge(name, account):
    """Each challenge is another one; what was overheard is worth nothing."""
    method, login = account.configured(), Login(name)
    first, second = start(method, login), start(method, login)
    assert first.challenge != second.challenge
    answer = login.answer(first.challenge)
    assert refusal(second, *answer)[0] == AUTHENTICATION_DENIED


# Wrong answers


def test_a_wrong_secret_is_refused(name, account):
    """The client does not read whose it would have been."""
    login = Login(name, right=False)
    reason, message = refused(start(account.configured(), login), login)
    assert reason == AUTHENTICATION_DENIED
    assert "joe" not in message


@pytest.mark.parametrize(
    "signature", ["", "x" * 10**6, "\ud800", "\0", None, 7, [], b""]
)
def test_an_answer_that_is_none_is_refused(name, account, signature):
    """Of the wrong type, too; it is no exception of another kind."""
    exchange = start(account.configured(), Login(name))
    assert refusal(exchange, signature)[0] == AUTHENTICATION_DENIED


def test_an_extra_that_is_no_dict_is_refused(name, account):
    """Although the signature is right."""
    login = Login(name)
    exchange = start(account.configured(), login)
    signature, _ = login.answer(exchange.challenge)
    assert refusal(exchange, signature, [])[0] == AUTHENTICATION_DENIED


# Strangers


@pytest.mark.parametrize("right", [True, False])
def test_a_stranger_is_refused_like_a_wrong_secret(name, account, right):
    """There is a challenge, and the words are the same."""
    method = account.configured()
    stranger, wrong = Login(name, right=right, authid="eve"), Login(name, right=False)
    unknown, known = start(method, stranger), start(method, wrong)
    assert unknown.challenge.keys() == known.challenge.keys()
    assert refused(unknown, stranger) == refused(known, wrong)


def test_a_method_without_users_still_challenges(name):
    """An empty table is a table."""
    login = Login(name)
    exchange = start(without_joe(name, {}), login)
    assert refused(exchange, login)[0] == AUTHENTICATION_DENIED


def test_the_table_is_copied(name, account):
    """A later change of the mapping is no way in."""
    users: dict[str, Any] = {}
    method, login = without_joe(name, users), Login(name)
    users[account.key] = account.user
    assert refused(start(method, login), login)[0] == AUTHENTICATION_DENIED


@pytest.mark.parametrize("name", SALTED)
def test_strangers_keep_their_salt_where_the_decoy_key_is_kept(name, account):
    """In another process of the service, or after a restart."""
    users = {account.key: account.user}
    salts = {
        start(account.method(users, decoy_key=key), stranger).challenge["salt"]
        for key in (b"key", b"key", b"other")
        for stranger in [Login(name, authid="eve")]
    }
    assert len(salts) == 2


@pytest.mark.parametrize("name", SALTED)
def test_a_strangers_salt_is_its_own(name, account):
    """Always the same, as long as a user's, and that of nobody else."""
    method = account.configured()
    eve, again, mallory, joe = (
        start(method, Login(name, authid=authid)).challenge["salt"]
        for authid in ("eve", "eve", "mallory", "joe")
    )
    assert eve == again
    assert len(eve) == len(joe)
    assert len({eve, mallory, joe}) == 3


@pytest.mark.parametrize("name", SALTED)
def test_a_strangers_challenge_costs_what_a_users_does(name, account):
    """Parameters without a salt are those of some user."""
    method = account.configured()
    stranger, user = (
        start(method, Login(name, authid=authid)).challenge for authid in ("eve", "joe")
    )
    own = {"salt", "challenge", "nonce"}
    assert {key: stranger[key] for key in stranger.keys() - own} == {
        key: user[key] for key in user.keys() - own
    }


# Whom a method is for


@pytest.mark.parametrize("authid", ["", "j" * 1025, "joe\0", "joe\n", "\ud800", 7])
def test_an_authid_that_nobody_can_have_is_refused(name, account, authid):
    """Before anybody is asked about it."""
    method = account.method(lambda request: pytest.fail("asked"))
    with pytest.raises(Denied):
        method.begin(request_of(Login(name), authid=authid))


@pytest.mark.parametrize("authmethods", [(), ("other",)])
def test_a_client_that_does_not_offer_the_method_is_left_to_others(
    name, account, authmethods
):
    """The answer is None, not a refusal."""
    request = replace(request_of(Login(name)), authmethods=authmethods)
    assert account.configured().begin(request) is None


@pytest.mark.parametrize("name", NAMED)
def test_a_client_without_an_authid_is_left_to_others(name, account):
    """Here it says who it is; a public key would do for both."""
    assert account.configured().begin(request_of(Login(name), authid=None)) is None


# A callable in place of the table


def test_a_callable_finds_the_user(name, account):
    """It gets the whole request; the provider says that it was dynamic."""
    seen = []

    def find(request):
        seen.append((request.realm, request.authid))
        return account.user

    identity = answered(start(account.method(find), Login(name)), Login(name))
    assert seen == [("realm1", "joe")]
    assert (identity.authid, identity.authprovider) == ("joe", "dynamic")


def test_a_callable_that_knows_nobody_refuses_all(name):
    """None stands for a stranger, who does not get in with a decoy's secret either."""
    login = Login(name)
    exchange = start(without_joe(name, lambda request: None), login)
    assert refused(exchange, login)[0] == AUTHENTICATION_DENIED


@pytest.mark.parametrize(
    "result", [RuntimeError("db"), StopIteration(), "joe", {"ticket": "x"}, 1]
)
def test_a_callable_that_fails_is_logged_and_refuses_the_client(
    name, account, result, caplog
):
    """The log has the traceback, the client hears of a technical failure only."""

    def find(request):
        if isinstance(result, Exception):
            raise result
        return result

    with pytest.raises(Denied) as caught:
        account.method(find).begin(request_of(Login(name)))
    assert caught.value.reason == AUTHENTICATION_FAILED
    assert "db" not in caught.value.message
    (record,) = caplog.records
    assert f"{account.method.__name__}.{account.argument}" in record.getMessage()
    assert record.exc_info


def test_an_application_raises_its_own_refusal(name, account, caplog):
    """Denied passes through, and is not logged as a failure."""

    def locked(request):
        raise Denied(reason="com.app.locked", message="locked")

    with pytest.raises(Denied) as caught:
        account.method(locked).begin(request_of(Login(name)))
    assert caught.value.reason == "com.app.locked"
    assert caplog.records == []


# Configuration


async def never(request):
    """An async callable."""


@pytest.mark.parametrize(
    ("users", "error", "problem"),
    [
        (None, TypeError, ": expected a mapping or a callable"),
        ([], TypeError, ": expected a mapping or a callable"),
        (never, TypeError, ": expected a plain callable, got an async"),
        ({7: None}, TypeError, ", a key: expected a string, got int"),
        ({"": None}, ValueError, ", a key"),
    ],
)
def test_a_table_is_checked_at_construction(account, users, error, problem):
    """The error names the argument."""
    if isinstance(users, dict):
        users = dict.fromkeys(users, account.user)
    argument = f"{account.method.__name__}.{account.argument}"
    with pytest.raises(error, match=re.escape(argument + problem)):
        account.method(users)


def test_an_entry_is_checked_at_construction(account):
    """The error names the entry, and the kind of user that it must be."""
    argument = f"{account.method.__name__}.{account.argument}"
    entry = re.escape(f"{argument}['{account.key[:3]}")
    with pytest.raises(TypeError, match=f"{entry}.*{type(account.user).__name__}"):
        account.method({account.key: "x"})
