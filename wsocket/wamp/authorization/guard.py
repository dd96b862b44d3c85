"""What a session must be allowed to do in a realm is done, or refused.

Limits are another matter: the broker and the dealer refuse what is beyond them."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from wsocket.wamp.authorization.judge import Judge
from wsocket.wamp.authorization.question import Question
from wsocket.wamp.protocol import errors
from wsocket.wamp.protocol.client_messages import CALL, PUBLISH, REGISTER, SUBSCRIBE
from wsocket.wamp.protocol.errors import Refusal
from wsocket.wamp.protocol.uris import Match, UriRules
from wsocket.wamp.session.grant import OPEN, Action, Grant
from wsocket.wamp.session.role_grants import asked
from wsocket.wamp.session.session import Session
from wsocket.wamp.session.waiting_size import waiting_size

# Action -> code of its message, and where the URI is in it.
_REQUESTS: dict[Action, tuple[int, str]] = {
    "publish": (PUBLISH, "topic"),
    "subscribe": (SUBSCRIBE, "topic"),
    "call": (CALL, "procedure"),
    "register": (REGISTER, "procedure"),
}


class Guard:
    """Performs what a message asks for if the judge allows it, and else refuses it.

    Args:
        perform: Called with the session, the message and what is granted.
        under_way: Whether a message only continues a request that was allowed before.
    """

    __slots__ = (
        "_action",
        "_code",
        "_field",
        "_judge",
        "_perform",
        "_takes_patterns",
        "_under_way",
        "_uris",
    )

    def __init__(
        self,
        judge: Judge,
        action: Action,
        perform: Callable[[Session, Any, Grant], None],
        *,
        uris: UriRules,
        under_way: Callable[[Session, int], bool] | None = None,
    ) -> None:
        self._judge = judge
        self._action: Action = action
        self._code, self._field = _REQUESTS[action]
        self._takes_patterns = action in ("subscribe", "register")
        self._perform = perform
        self._uris = uris
        self._under_way = under_way

    def __call__(self, session: Session, message: Any) -> None:
        uri: str = getattr(message, self._field)
        match: Match = message.options.match if self._takes_patterns else "exact"
        verdict = session.grants[self._action][asked(uri, match)]
        if isinstance(verdict, Grant) and verdict.allowed:
            self._perform(session, message, verdict)
        elif self._under_way is not None and self._under_way(session, message.request):
            self._perform(session, message, OPEN)
        elif self._uris.valid(uri, match):
            question = Question(session, self._action, uri, match)
            self._judge.ask(
                question,
                partial(self._settle, question, message),
                size=waiting_size(message, session.size),
            )
        else:
            problem = f"{self._field.capitalize()}: {self._uris.problem(uri, match)}"
            self._refuse(session, message, Refusal(errors.INVALID_URI, problem))

    def _settle(self, question: Question, message: Any, grant: Grant | None) -> None:
        """Perform the action if the answer is yes."""
        if grant is not None and grant.allowed:
            self._perform(question.session, message, grant)
        else:
            self._refuse(question.session, message, question.refusal(grant))

    def _refuse(self, session: Session, message: Any, refusal: Refusal) -> None:
        # A PUBLISH without `acknowledge` gets no answer, not even an ERROR.
        if self._action != "publish" or message.options.acknowledge:
            session.send_error(self._code, message.request, *refusal)
