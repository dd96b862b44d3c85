"""Tickets."""

from __future__ import annotations

import pytest

from tests.wamp.auth.clients import challenged, hello, refusal
from wsocket.wamp.auth import (
    AUTHENTICATION_DENIED,
    AUTHENTICATION_FAILED,
    Denied,
    Identity,
    Ticket,
    TicketUser,
)

JOE = TicketUser(ticket="s3cret", role="user", extra={"team": "blue"})
TICKET = Ticket({"joe": JOE, "jürgen": TicketUser(ticket="gruß", role="user")})


def ask(method: Ticket = TICKET, authid: str | None = "joe"):
    return challenged(method.begin(hello("ticket", authid)))


def test_the_right_ticket_lets_in():
    """With the role and the extra of the user."""
    exchange = ask()
    assert exchange.challenge == {}
    identity = exchange.verify("s3cret", {})
    assert identity == Identity("joe", "user", "static", {"team": "blue"})


def test_names_and_tickets_need_not_be_ascii():
    """They are compared as UTF-8."""
    assert ask(authid="jürgen").verify("gruß", {}).authid == "jürgen"


@pytest.mark.parametrize(
    "signature", ["", "s3cre", "s3cret ", "S3CRET", "s3cret\0", "\ud800", "x" * 10**6]
)
def test_a_wrong_ticket_is_refused(signature):
    """Also if it is part of the right one."""
    assert refusal(ask(), signature)[0] == AUTHENTICATION_DENIED


def test_a_stranger_is_refused_like_a_wrong_ticket():
    """There is a challenge, and the words are the same."""
    exchange = ask(authid="eve")
    assert exchange.challenge == ask().challenge
    assert refusal(exchange, "nobody") == refusal(ask(), "wrong")


@pytest.mark.parametrize("first", ["s3cret", "wrong"])
def test_an_exchange_cannot_be_replayed(first):
    """Whatever the first answer was, the right ticket is refused then."""
    exchange = ask()
    try:
        exchange.verify(first, {})
    except Denied:
        assert first == "wrong"
    assert refusal(exchange, "s3cret")[0] == AUTHENTICATION_DENIED


@pytest.mark.parametrize(("signature", "extra"), [(None, {}), (7, {}), ("s3cret", [])])
def test_an_answer_of_the_wrong_type_is_refused(signature, extra):
    """It is no exception of another kind."""
    assert refusal(ask(), signature, extra)[0] == AUTHENTICATION_DENIED


@pytest.mark.parametrize("authid", ["", "j" * 1025, "joe\0", "joe\n", "\ud800", 7])
def test_an_authid_that_nobody_can_have_is_refused(authid):
    """Before anybody is asked about it."""
    with pytest.raises(Denied):
        Ticket(lambda request: pytest.fail("asked")).begin(hello("ticket", authid))


@pytest.mark.parametrize(
    "request_", [hello("ticket", None), hello("wampcra"), hello("", authmethods=())]
)
def test_a_client_without_authid_or_the_method_is_left_to_other_methods(request_):
    """The answer is None, not a refusal."""
    assert TICKET.begin(request_) is None


def test_a_callable_finds_the_user():
    """It gets the whole request; the provider says that it was dynamic."""
    seen = []

    def find(request):
        seen.append((request.realm, request.authid))
        return JOE

    identity = ask(Ticket(find)).verify("s3cret", {})
    assert seen == [("realm1", "joe")]
    assert identity.authprovider == "dynamic"


def test_a_callable_that_knows_nobody_refuses_all():
    """None stands for a stranger."""
    exchange = ask(Ticket(lambda request: None))
    assert refusal(exchange, "s3cret")[0] == AUTHENTICATION_DENIED


def test_a_callable_judges_the_ticket():
    """For tokens and hashed passwords, which the router cannot compare itself."""
    user = TicketUser(ticket=lambda given: given.startswith("ok"), role="user")
    assert ask(Ticket({"joe": user})).verify("ok, then", {}).authid == "joe"
    assert refusal(ask(Ticket({"joe": user})), "no")[0] == AUTHENTICATION_DENIED


async def never(request):
    """An async callable."""


@pytest.mark.parametrize(
    "result", [RuntimeError("db"), StopIteration(), "joe", {"ticket": "x"}, 1]
)
def test_a_callable_that_fails_is_logged_and_refuses_the_client(result, caplog):
    """The log has the traceback, the client hears of a technical failure only."""

    def find(request):
        if isinstance(result, Exception):
            raise result
        return result

    with pytest.raises(Denied) as caught:
        Ticket(find).begin(hello("ticket"))
    assert caught.value.reason == AUTHENTICATION_FAILED
    assert "db" not in caught.value.message
    (record,) = caplog.records
    assert "Ticket.users" in record.getMessage()
    assert record.exc_info


@pytest.mark.parametrize("answer", [None, "yes", 1])
def test_a_judge_that_does_not_say_true_or_false_refuses(answer, caplog):
    """Something that merely counts as true, such as a coroutine, is not trusted."""
    user = TicketUser(ticket=lambda given: answer, role="user")
    assert refusal(ask(Ticket({"joe": user})), "x")[0] == AUTHENTICATION_FAILED
    assert "TicketUser.ticket" in caplog.text


def test_an_application_raises_its_own_refusal(caplog):
    """Denied passes through, and is not logged as a failure."""

    def locked(request):
        raise Denied(reason="com.app.locked", message="locked")

    with pytest.raises(Denied) as caught:
        Ticket(locked).begin(hello("ticket"))
    assert caught.value.reason == "com.app.locked"
    assert caplog.records == []


@pytest.mark.parametrize(
    ("users", "error", "message"),
    [
        (None, TypeError, "Ticket.users: expected a mapping or a callable"),
        (never, TypeError, "Ticket.users: expected a plain callable, got an async"),
        ({"joe": "x"}, TypeError, r"Ticket.users\['joe'\]: expected a TicketUser"),
        ({7: JOE}, TypeError, "Ticket.users, a key: expected a string, got int"),
        ({"": JOE}, ValueError, "Ticket.users, a key"),
    ],
)
def test_users_are_checked_at_construction(users, error, message):
    """The error names the entry."""
    with pytest.raises(error, match=message):
        Ticket(users)


@pytest.mark.parametrize(
    ("ticket", "error"), [("", ValueError), (b"x", TypeError), (never, TypeError)]
)
def test_an_invalid_ticket_is_refused_without_being_shown(ticket, error):
    """An empty one would let everybody in."""
    with pytest.raises(error, match=r"TicketUser\.ticket: ") as caught:
        TicketUser(ticket=ticket, role="user")
    assert "b'x'" not in str(caught.value)


def test_the_table_is_copied():
    """A later change of the mapping is no way in."""
    users = {"joe": JOE}
    method = Ticket(users)
    users["eve"] = JOE
    assert refusal(ask(method, "eve"), "s3cret")[0] == AUTHENTICATION_DENIED
