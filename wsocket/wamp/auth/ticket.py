"""Ticket: the client sends its secret, so the transport must be encrypted."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from wsocket.core.checks import check_callable, check_text, refuse_type
from wsocket.core.keywords import checks_fields, checks_keywords
from wsocket.wamp.auth.base import (
    AuthRequest,
    ChallengeResponse,
    Identity,
    Principal,
    application_code,
    requested_authid,
    same_text,
)
from wsocket.wamp.auth.users import Directory, instance_of


@checks_fields
@dataclass(frozen=True, kw_only=True)
class TicketUser(Principal):
    """A user with a ticket (Advanced Profile, "Ticket-based Authentication").

    Attributes:
        ticket: The ticket itself, or a callable that takes the client's ticket and
            returns whether it is right: for tokens and hashed passwords. It has no
            default.
        role: The authrole that the client gets; it has no default.
        provider: The authprovider; None, the default, is ``"static"`` for a table of
            users and ``"dynamic"`` for a callable.
        extra: For WELCOME.Details.authextra, which the client gets; ``{}`` by default.
    """

    ticket: str | Callable[[str], bool] = field(repr=False)

    def __post_init__(self) -> None:
        super().__post_init__()
        if isinstance(self.ticket, str):
            check_text("TicketUser.ticket", self.ticket)
        else:
            check_callable(
                "TicketUser.ticket",
                self.ticket,
                expected="a string or a callable",
                parameters=("ticket",),
            )

    def is_right(self, given: str) -> bool:
        """Whether *given* is this user's ticket.

        Raises:
            Denied: The callable failed, or raised it itself.
        """
        if isinstance(self.ticket, str):
            return same_text(given, self.ticket)
        with application_code("the callable in TicketUser.ticket"):
            answer: object = self.ticket(given)
            if not isinstance(answer, bool):  # a coroutine would count as true
                refuse_type("its result", "a bool", answer)
            return answer


# A stranger's ticket is compared with this one, so that a refusal takes as long.
NOBODY = TicketUser(ticket="nobody", role="nobody")


class Ticket:
    """Lets in clients that know the ticket of their authid.

    Args:
        users: By authid, or a callable that takes the `AuthRequest` and returns a
            `TicketUser`, or None for a stranger. It has no default.

    Raises:
        TypeError, ValueError: *users* is invalid.
    """

    method = "ticket"

    @checks_keywords
    def __init__(
        self,
        users: Mapping[str, TicketUser] | Callable[[AuthRequest], TicketUser | None],
    ) -> None:
        self._users = Directory(
            users, name="Ticket.users", parse=instance_of(TicketUser)
        )

    @property
    def roles(self) -> frozenset[str]:
        """The roles that are known before anybody logs in."""
        return self._users.roles

    def begin(self, request: AuthRequest) -> TicketExchange | None:
        """Ask for the ticket; None if the client names no authid."""
        authid = requested_authid(request) if request.offers(self.method) else None
        if authid is None:
            return None
        user = self._users.find(authid, request)
        identity = None if user is None else self._users.identity(authid, user)
        return TicketExchange(user or NOBODY, identity)


class TicketExchange(ChallengeResponse):
    """Waits for a ticket."""

    denial = "ticket: unknown user or wrong ticket"

    def __init__(self, user: TicketUser, identity: Identity | None) -> None:
        super().__init__({}, identity)
        self._user = user

    def _is_right(self, signature: str, extra: Mapping[str, Any]) -> bool:
        return self._user.is_right(signature)
