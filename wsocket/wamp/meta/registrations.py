"""``wamp.registration...`` ("Registration Meta API")."""

from __future__ import annotations

from typing import Any

from wsocket.errors import ApplicationError
from wsocket.wamp.meta import arguments as read
from wsocket.wamp.meta.answer import NOTHING, Procedure
from wsocket.wamp.meta.descriptions import describe_registration
from wsocket.wamp.meta.lookups import find_registration, find_target
from wsocket.wamp.protocol import errors
from wsocket.wamp.protocol.uris import Match
from wsocket.wamp.rpc.registrar import Registrar
from wsocket.wamp.rpc.registrations import Registrations
from wsocket.wamp.session.members import Members
from wsocket.wamp.session.session import Session


class RegistrationProcedures:
    """Procedures about the registrations of a realm."""

    def __init__(
        self, registrations: Registrations, members: Members, registrar: Registrar
    ) -> None:
        self._registrations = registrations
        self._members = members
        self._registrar = registrar

    def table(self) -> dict[str, Procedure]:
        """The procedures, by URI."""
        return {
            "wamp.registration.list": self.ids,
            "wamp.registration.lookup": self.lookup,
            "wamp.registration.match": self.match,
            "wamp.registration.get": self.get,
            "wamp.registration.list_callees": self.list_callees,
            "wamp.registration.count_callees": self.count_callees,
            "wamp.registration.remove_callee": self.remove_callee,
        }

    def ids(self, caller: Session) -> dict[Match, list[int]]:
        return self._registrations.ids()

    def lookup(
        self, caller: Session, uri: str, options: dict[str, Any] | None = None
    ) -> int | None:
        found = self._registrations.get(read.text("uri", uri), read.match_of(options))
        return found.id if found else None

    def match(self, caller: Session, uri: str) -> int | None:
        found = self._registrations.best(read.text("uri", uri))
        return found.id if found else None

    def get(self, caller: Session, registration: int) -> dict[str, Any]:
        return describe_registration(
            find_registration(self._registrations, registration)
        )

    def list_callees(self, caller: Session, registration: int) -> list[int]:
        found = find_registration(self._registrations, registration)
        return [endpoint.callee.id for endpoint in found.endpoints]

    def count_callees(self, caller: Session, registration: int) -> int:
        return len(find_registration(self._registrations, registration).endpoints)

    def remove_callee(
        self,
        caller: Session,
        registration: int,
        callee: int,
        *,
        reason: str = errors.UNREGISTERED,
    ) -> object:
        found = find_registration(self._registrations, registration)
        session = find_target(self._members, callee, caller)
        if found.endpoint_of(session) is None:
            problem = f"session {callee} does not hold registration {registration}"
            raise ApplicationError(errors.NO_SUCH_REGISTRATION, problem)
        self._registrar.revoke(session, found, read.text("reason", reason))
        return NOTHING
