"""Tickets."""

from __future__ import annotations

import pytest

from tests.wamp.auth.clients import challenged, hello, refusal
from wsocket.wamp.auth import (
    AUTHENTICATION_DENIED,
    AUTHENTICATION_FAILED,
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


def test_a_callable_judges_the_ticket():
    """For tokens and hashed passwords, which the router cannot compare itself."""
    user = TicketUser(ticket=lambda given: given.startswith("ok"), role="user")
    assert ask(Ticket({"joe": user})).verify("ok, then", {}).authid == "joe"
    assert refusal(ask(Ticket({"joe": user})), "no")[0] == AUTHENTICATION_DENIED


async def never(request):
    """An async callable."""


@pytest.mark.parametrize("answer", [None, "yes", 1])
def test_a_judge_that_does_not_say_true_or_false_refuses(answer, caplog):
    """Something that merely counts as true, such as a coroutine, is not trusted."""
    user = TicketUser(ticket=lambda given: answer, role="user")
    assert refusal(ask(Ticket({"joe": user})), "x")[0] == AUTHENTICATION_FAILED
    assert "TicketUser.ticket" in caplog.text


@pytest.mark.parametrize(
    ("ticket", "error"), [("", ValueError), (b"x", TypeError), (never, TypeError)]
)
def test_an_invalid_ticket_is_refused_without_being_shown(ticket, error):
    """An empty one would let everybody in."""
    with pytest.raises(error, match=r"TicketUser\.ticket: ") as caught:
        TicketUser(ticket=ticket, role="user")
    assert "b'x'" not in str(caught.value)
