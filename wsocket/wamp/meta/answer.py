"""How a procedure of the meta API answers a CALL."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any, NamedTuple

from wsocket.errors import ApplicationError, PayloadError, PayloadSizeExceeded
from wsocket.log import logger
from wsocket.wamp.authorization.judge import Judge
from wsocket.wamp.authorization.question import Question
from wsocket.wamp.protocol import errors
from wsocket.wamp.protocol.client_messages import CALL, RESULT, Call
from wsocket.wamp.protocol.errors import Refusal
from wsocket.wamp.protocol.ids import MAX_ID
from wsocket.wamp.protocol.uris import Match
from wsocket.wamp.rpc.builtins import Builtins
from wsocket.wamp.serializers.base import Payload
from wsocket.wamp.serializers.lenient import whole
from wsocket.wamp.session.grant import Action, Grant
from wsocket.wamp.session.session import Session

Procedure = Callable[..., Any]
"""Gets the calling session, then the arguments of the CALL."""

# The result of a procedure that has none; None would be sent as null.
NOTHING = object()


class Needs(NamedTuple):
    """Returned by a procedure whose caller needs more than the right to call it.

    Attributes:
        then: Makes the result when the caller has been granted the action.
    """

    action: Action
    uri: str
    match: Match
    then: Callable[[Grant], object]


class Takes(NamedTuple):
    """Returned by a procedure that has more to do than fits into one turn.

    Attributes:
        steps: Does it; see `Runtime.in_turns`.
        result: The result when all of it is done.
    """

    steps: Iterator[object]
    result: object


class MetaProcedure:
    """Runs a procedure for a CALL, and sends RESULT or ERROR."""

    def __init__(self, function: Procedure, judge: Judge, builtins: Builtins) -> None:
        self._function = function
        self._judge = judge
        self._builtins = builtins

    def __call__(self, caller: Session, call: Call, payload: Payload) -> None:
        """Answer *call*: now, or when an authorizer has answered or it is done."""
        self._answer(caller, call, partial(self._run, caller, payload))

    def _run(self, caller: Session, payload: Payload) -> object:
        args, kwargs = payload.values()
        # As in options: null is absent, and a float may be an integer. All numbers that
        # these procedures take are integers.
        positional = [whole(each, MAX_ID) for each in args]
        given = {
            key: whole(each, MAX_ID) for key, each in kwargs.items() if each is not None
        }
        return self._function(caller, *positional, **given)

    def _answer(
        self, caller: Session, call: Call, make_result: Callable[[], object]
    ) -> None:
        try:
            result = make_result()
            if isinstance(result, Needs):
                self._ask(caller, call, result)
                return
            if isinstance(result, Takes):
                self._do(caller, call, result)
                return
        except ApplicationError as error:
            caller.send_error(CALL, call.request, error.error, str(error.args[0]))
        except (PayloadError, TypeError, ValueError) as error:
            # A TypeError means that the arguments do not fit the function.
            logger.debug("%s: %s", call.procedure, error)
            name = f"{self._function.__qualname__}() "
            problem = f"{call.procedure}: {error}".replace(name, "")
            caller.send_error(CALL, call.request, errors.INVALID_ARGUMENT, problem)
        else:
            _send_result(caller, call.request, result)

    def _ask(self, caller: Session, call: Call, needs: Needs) -> None:
        """Continue when it is known whether *caller* may do what it needs to."""
        question = Question(caller, needs.action, needs.uri, needs.match)

        def known(grant: Grant | None) -> None:
            self._answer(caller, call, partial(_granted, question, needs, grant))

        self._judge.ask(question, known, size=caller.size)

    def _do(self, caller: Session, call: Call, takes: Takes) -> None:
        """Do what takes some turns; answer then, if *caller* is still there."""
        answer = partial(self._answer, caller, call, lambda: takes.result)
        self._builtins.answer_later(
            caller, call.request, steps=takes.steps, answer=answer
        )


def _granted(question: Question, needs: Needs, grant: Grant | None) -> object:
    if grant is None or not grant.allowed:
        raise ApplicationError(*question.refusal(grant))
    return needs.then(grant)


def _send_result(caller: Session, request: int, result: object) -> None:
    values = [] if result is NOTHING else [result]
    try:
        caller.send([RESULT, request, {}], Payload.of(caller.serializer, values))
    except PayloadError as error:  # there is no other than that it is too large
        uri = PayloadSizeExceeded.error
        caller.send_error(CALL, request, uri, f"the result: {error}")


def raise_if(refusal: Refusal | None) -> None:
    """Raise a refusal as an `ApplicationError`; None is no refusal."""
    if refusal is not None:
        raise ApplicationError(*refusal)
