"""The judge of a realm: answers questions by rules, kept answers, or the authorizer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial

from wsocket.wamp.authorization.authorizer import (
    AskAuthorizer,
    Authorizer,
    CallProcedure,
    Inquiry,
    OnGrant,
)
from wsocket.wamp.authorization.question import Question
from wsocket.wamp.authorization.roles import Role
from wsocket.wamp.authorization.rules import compile_roles, unknown_role
from wsocket.wamp.protocol.errors import too_much
from wsocket.wamp.session.grant import DENIED, Grant
from wsocket.wamp.session.role_grants import OPEN_GRANTS, RoleGrants
from wsocket.wamp.session.runtime import Runtime
from wsocket.wamp.session.session import Session


class Judge:
    """The authorization of one realm.

    Args:
        roles: What the realm's roles may do.
        authorizer: Decides where no rule does; None if there is no authorizer.
        ttl: Seconds for which its answers are kept; 0 keeps none.
        timeout: Seconds that it has for an answer.
        call: Calls a WAMP procedure of the realm, for authorizers that are one.
    """

    def __init__(
        self,
        roles: Sequence[Role],
        authorizer: Authorizer | str | None,
        *,
        ttl: float,
        timeout: float,
        runtime: Runtime,
        call: CallProcedure,
    ) -> None:
        self._configured_roles = roles
        self._ttl = ttl
        self._timeout = timeout
        self._runtime = runtime
        self._call = call
        self._asker: AskAuthorizer | None = None
        self._trustlevels = {each.name: each.trustlevel for each in roles}
        self._roles: dict[str, RoleGrants] = {}
        self._other_role = OPEN_GRANTS
        self._inquiries: dict[int, list[tuple[Inquiry, int]]] = {}
        self.set_authorizer(authorizer)

    def set_authorizer(self, authorizer: Authorizer | str | None) -> None:
        """Ask another authorizer from now on; answers of the old one are forgotten."""
        asks = authorizer is not None
        self._asker = None
        if authorizer is not None:
            self._asker = AskAuthorizer(
                authorizer,
                ttl=self._ttl,
                timeout=self._timeout,
                runtime=self._runtime,
                call=self._call,
            )
        self._roles = compile_roles(self._configured_roles, asks=asks)
        restricted = asks or bool(self._configured_roles)
        self._other_role = unknown_role(asks=asks) if restricted else OPEN_GRANTS

    def grants_of(self, role: str) -> RoleGrants:
        """What the sessions of *role* are granted."""
        return self._roles.get(role, self._other_role)

    def known(self, question: Question) -> Grant:
        """The answer of rules and kept answers; denied if there is no such answer."""
        verdict = question.verdict
        if isinstance(verdict, Grant):
            return verdict
        if self._asker is None:
            return DENIED
        return self._asker.cached(question.request()) or DENIED

    def ask(self, question: Question, then: OnGrant, *, size: int) -> None:
        """Call *then* with the answer of rules or authorizer, now or later.

        While the authorizer is asked, the session's later messages wait. If the
        session ends before the answer, *then* is not called. It ends with ABORT if
        there is no room for what waits.

        Args:
            size: Bytes that wait for the answer, with *then*.
        """
        verdict = question.verdict
        if isinstance(verdict, Grant):
            then(verdict)
            return
        if self._asker is None:
            then(DENIED)
            return
        request = question.request()
        kept = self._asker.cached(request)
        if kept is not None:
            then(self._with_trustlevel(question, kept))
            return
        lacking = question.session.budget.take(size)
        if lacking is not None:
            question.session.abort(*too_much("what waits for an authorizer", lacking))
            return
        question.session.hold()
        answered = partial(self._answered, question, then, size)
        inquiry = self._asker.ask(request, verdict, answered)
        if not inquiry.is_over:
            self._remember(question.session.id, inquiry, size)

    def left(self, session: Session) -> None:
        """The session leaves: forget what it has asked, and what waits for answers."""
        for inquiry, size in self._inquiries.pop(session.id, ()):
            if not inquiry.is_over:
                inquiry.give_up()
                session.budget.give_back(size)

    def _remember(self, session_id: int, inquiry: Inquiry, size: int) -> None:
        others = self._inquiries.get(session_id, ())
        awaited = [each for each in others if not each[0].is_over]
        self._inquiries[session_id] = [*awaited, (inquiry, size)]

    def _answered(
        self, question: Question, then: OnGrant, size: int, grant: Grant | None
    ) -> None:
        question.session.budget.give_back(size)
        if question.is_current:
            then(None if grant is None else self._with_trustlevel(question, grant))
            question.session.release()

    def _with_trustlevel(self, question: Question, grant: Grant) -> Grant:
        """An authorizer's answer, with the role's trust level if it gives none."""
        if grant.trustlevel is not None:
            return grant
        role = question.session.authrole
        return replace(grant, trustlevel=self._trustlevels.get(role))
