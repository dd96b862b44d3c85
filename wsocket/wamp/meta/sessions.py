"""``wamp.session.count``, ``list``, ``get`` and ``kill...`` ("Session Meta API")."""

from __future__ import annotations

from typing import Any

from wsocket.errors import ApplicationError
from wsocket.wamp.meta import arguments as read
from wsocket.wamp.meta.answer import NOTHING, Procedure, Takes
from wsocket.wamp.meta.descriptions import describe_session
from wsocket.wamp.meta.lookups import find_session, find_target
from wsocket.wamp.protocol import errors
from wsocket.wamp.protocol.uris import UriRules
from wsocket.wamp.session.members import Members
from wsocket.wamp.session.session import Session


class SessionProcedures:
    """Procedures about the sessions of a realm."""

    def __init__(self, members: Members, uris: UriRules) -> None:
        self._members = members
        self._uris = uris

    def table(self) -> dict[str, Procedure]:
        """The procedures, by URI."""
        return {
            "wamp.session.count": self.count,
            "wamp.session.list": self.ids,
            "wamp.session.get": self.get,
            "wamp.session.kill": self.kill,
            "wamp.session.kill_by_authid": self.kill_by_authid,
            "wamp.session.kill_by_authrole": self.kill_by_authrole,
            "wamp.session.kill_all": self.kill_all,
        }

    def count(self, caller: Session, filter_authroles: list[str] | None = None) -> int:
        return len(self.ids(caller, filter_authroles))

    def ids(
        self, caller: Session, filter_authroles: list[str] | None = None
    ) -> list[int]:
        wanted = read.texts("filter_authroles", filter_authroles)
        return [
            session.id
            for session in self._members.by_id.values()
            if wanted is None or session.authrole in wanted
        ]

    def get(self, caller: Session, session: int) -> dict[str, Any]:
        return describe_session(find_session(self._members, session))

    def kill(
        self,
        caller: Session,
        session: int,
        *,
        reason: str | None = None,
        message: str | None = None,
    ) -> object:
        victim = find_target(self._members, session, caller)
        if victim is caller:
            raise ApplicationError(
                errors.NO_SUCH_SESSION, "a session cannot kill itself"
            )
        checked = self._reason(reason, message)
        victim.close(checked, message)
        return NOTHING

    def kill_by_authid(
        self,
        caller: Session,
        authid: str,
        *,
        reason: str | None = None,
        message: str | None = None,
    ) -> Takes:
        wanted = read.text("authid", authid)
        ids = [each.id for each in self._others(caller) if each.authid == wanted]
        checked = self._reason(reason, message)
        return Takes(self._members.closing(ids, checked, message), ids)

    def kill_by_authrole(
        self,
        caller: Session,
        authrole: str,
        *,
        reason: str | None = None,
        message: str | None = None,
    ) -> Takes:
        wanted = read.text("authrole", authrole)
        ids = [each.id for each in self._others(caller) if each.authrole == wanted]
        checked = self._reason(reason, message)
        return Takes(self._members.closing(ids, checked, message), len(ids))

    def kill_all(
        self, caller: Session, *, reason: str | None = None, message: str | None = None
    ) -> Takes:
        ids = [each.id for each in self._others(caller)]
        checked = self._reason(reason, message)
        steps = self._members.closing(ids, checked, message, silent=True)
        return Takes(steps, len(ids))

    def _others(self, caller: Session) -> list[Session]:
        """The sessions that *caller* may kill."""
        return [
            each
            for each in self._members.by_id.values()
            if each is not caller and each not in self._members.trusted
        ]

    def _reason(self, reason: str | None, message: str | None) -> str:
        """The URI for GOODBYE, checked; *message* is checked too."""
        if reason is not None and not (
            isinstance(reason, str) and self._uris.valid(reason)
        ):
            problem = f"reason: expected a URI, got {reason!r:.80}"
            raise ApplicationError(errors.INVALID_URI, problem)
        if message is not None and not isinstance(message, str):
            raise ValueError(f"message: expected a string, got {message!r:.80}")
        return reason or errors.CLOSE_KILLED
