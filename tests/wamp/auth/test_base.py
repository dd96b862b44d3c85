"""What all methods share."""

from __future__ import annotations

from typing import Any

import pytest

from wsocket.wamp.auth import (
    AUTHENTICATION_DENIED,
    AUTHENTICATION_FAILED,
    AuthRequest,
    Denied,
    Identity,
    ScramUser,
    TicketUser,
    WampCraUser,
)


@pytest.mark.parametrize(
    ("arguments", "error", "field"),
    [
        ((7, "user"), TypeError, "Identity.authid: expected a string, got int"),
        (("", "user"), ValueError, "Identity.authid"),
        (("joe\n", "user"), ValueError, "Identity.authid: a control character"),
        (("j" * 1025, "user"), ValueError, "Identity.authid: expected at most 1024"),
        (("\ud800", "user"), ValueError, "Identity.authid: not valid Unicode"),
        (("joe", None), TypeError, "Identity.authrole"),
        (("joe", "user", 1), TypeError, "Identity.authprovider"),
        (("joe", "user", "x", []), TypeError, "Identity.authextra"),
        (("joe", "user", "x", {1: 2}), TypeError, "Identity.authextra, a key"),
    ],
)
def test_an_identity_that_welcome_cannot_carry_is_refused(arguments, error, field):
    """The error names the field."""
    with pytest.raises(error, match=field):
        Identity(*arguments)


@pytest.mark.parametrize(
    ("fields", "error", "field"),
    [
        ({"role": 1}, TypeError, "TicketUser.role: expected a string, got int"),
        ({"role": ""}, ValueError, "TicketUser.role"),
        ({"provider": b"x"}, TypeError, "TicketUser.provider"),
        ({"extra": "x"}, TypeError, "TicketUser.extra"),
    ],
)
def test_a_principal_is_checked_when_it_is_made(fields, error, field):
    """The fields that all kinds of users have."""
    valid: dict[str, Any] = {"ticket": "s3cret", "role": "user"}
    with pytest.raises(error, match=field):
        TicketUser(**(valid | fields))


def test_secrets_are_not_in_any_repr():
    """Neither users nor requests show credentials in a log or a traceback."""
    secret = "s3cret" * 8
    shown = [
        TicketUser(ticket=secret, role="user", extra={"token": secret}),
        WampCraUser(secret=secret, role="user"),
        ScramUser(
            role="user",
            salt=b"salt",
            stored_key=secret[:32].encode(),
            server_key=secret[:32].encode(),
            iterations=1,
        ),
        AuthRequest(
            realm="realm1",
            authid="joe",
            authmethods=("ticket",),
            session=1,
            authextra={"token": secret},
            environ={"HTTP_COOKIE": secret},
        ),
    ]
    assert all("s3cret" not in repr(value) for value in shown)


@pytest.mark.parametrize("reason", [AUTHENTICATION_DENIED, AUTHENTICATION_FAILED])
def test_a_refusal_tells_the_client_nothing_of_the_detail(reason):
    """What was wrong is for the router's log."""
    denied = Denied("the user 'joe' is unknown", reason=reason)
    assert "joe" not in denied.message
    assert "joe" not in str(denied)
    assert denied.detail == "the user 'joe' is unknown"


def test_an_application_chooses_reason_and_message_itself():
    """The reason and the message of ABORT are arguments."""
    denied = Denied(reason="com.app.locked", message="call us")
    assert (denied.reason, denied.message) == ("com.app.locked", "call us")
