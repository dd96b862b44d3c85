"""Strict request IDs: 1, 2, 3, ... (Basic Profile, "Identifiers")."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from wsocket.wamp.protocol.client_messages import (
    Call,
    Message,
    Publish,
    Register,
    Subscribe,
    Unregister,
    Unsubscribe,
)
from wsocket.wamp.protocol.field_names import name_of
from wsocket.wamp.protocol.ids import MAX_ID
from wsocket.wamp.session.session import Session

Act = Callable[[Session, Any], None]

# The messages that clients number. Other messages repeat the number of a message.
_NUMBERED: tuple[type[Message], ...] = (
    Publish,
    Subscribe,
    Unsubscribe,
    Call,
    Register,
    Unregister,
)


class Numbering:
    """Aborts sessions whose requests are not numbered 1, 2, 3, ...

    Args:
        continues: Whether a session has a call under way with this number.
    """

    def __init__(self, continues: Callable[[Session, int], bool]) -> None:
        self._continues = continues

    def checked(self, actions: Mapping[type[Message], Act]) -> dict[type[Message], Act]:
        """The same actions, performed only if the number of the request is right."""
        return {
            kind: self._check(act) if kind in _NUMBERED else act
            for kind, act in actions.items()
        }

    def _check(self, act: Act) -> Act:
        def checked(session: Session, message: Any) -> None:
            last, request = session.last_request, message.request
            expected = last % MAX_ID + 1
            if request == expected:
                session.last_request = last + 1
            elif type(message) is Call and request <= last and _streams(session):
                # More arguments for a call. Ignore them if its answer is sent already.
                if not self._continues(session, request):
                    return
            else:
                session.abort_violation(
                    f"{name_of(type(message))}.Request: expected {expected}, "
                    f"got {request}"
                )
                return
            act(session, message)

        return checked


def _streams(session: Session) -> bool:
    return "caller.progressive_call_invocations" in session.features
