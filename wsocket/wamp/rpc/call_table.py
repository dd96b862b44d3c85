"""The calls of one realm that are under way."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from wsocket.wamp.protocol.ids import MAX_ID
from wsocket.wamp.rpc.registrations import RegisteredCallee
from wsocket.wamp.rpc.routed_call import RoutedCall
from wsocket.wamp.session.session import Session

# Of one session. Clients send the rest of a stream soon, or leave it.
_MOST_CUT_OFF = 256


class Numbered:
    """The calls of one session in one role, by the number that this side knows.

    Attributes:
        cut_off: Numbers of calls that were over before all of their arguments had come,
            in the order of their end ("Progressive Call Invocations").
        last_request: The highest number so far. Those that the router gives go on
            counting where numbers start again at 1.
    """

    __slots__ = ("calls", "cut_off", "last_request")

    def __init__(self) -> None:
        self.calls: dict[int, RoutedCall] = {}
        self.cut_off: dict[int, None] = {}
        self.last_request = 0

    def cut_off_stream(self, request: int) -> None:
        """Remember that a call is over for which more arguments may be on their way."""
        self.cut_off[request] = None
        if len(self.cut_off) > _MOST_CUT_OFF:
            del self.cut_off[next(iter(self.cut_off))]

    def is_late(self, request: int, *, more: bool) -> bool:
        """Whether a CALL only has arguments for a call that is over.

        Args:
            more: Whether still more of them may come.
        """
        if request not in self.cut_off:
            return False
        if not more:
            del self.cut_off[request]
        return True

    def next(self) -> int:
        """Take the next number that no call has."""
        self.last_request += 1
        while self.last_request > MAX_ID:  # numbers have started again
            number = (self.last_request - 1) % MAX_ID + 1
            if number not in self.calls:
                return number
            self.last_request += 1
        return self.last_request


class CallTable:
    """Finds calls by caller and CALL.Request, and by callee and INVOCATION.Request.

    Every call is in it twice, or not at all. The number of calls that a callee runs,
    `RegisteredCallee.active`, follows.

    Attributes:
        callers: What each session has called, by CALL.Request.
        callees: What each session runs, by INVOCATION.Request.
    """

    __slots__ = ("_abandoned", "callees", "callers")

    def __init__(self) -> None:
        self._abandoned: dict[Session, dict[int, RegisteredCallee]] = {}
        self.callers: dict[Session, Numbered] = {}
        self.callees: dict[Session, Numbered] = {}

    def of_caller(self, caller: Session) -> Numbered:
        """What *caller* has called."""
        found = self.callers.get(caller)
        if found is None:
            found = self.callers[caller] = Numbered()
        return found

    def made_by(self, caller: Session, request: int) -> RoutedCall | None:
        """The call with this CALL.Request, if it is under way."""
        found = self.callers.get(caller)
        return None if found is None else found.calls.get(request)

    def run_by(self, callee: Session, request: int) -> RoutedCall | None:
        """The call with this INVOCATION.Request, if it is under way."""
        found = self.callees.get(callee)
        return None if found is None else found.calls.get(request)

    def was_sent(self, callee: Session, request: int) -> bool:
        """Whether *callee* ever got an INVOCATION with this number."""
        found = self.callees.get(callee)
        return found is not None and request <= found.last_request

    def next_invocation(self, callee: Session) -> int:
        """Take the next INVOCATION.Request of *callee*."""
        return self._of_callee(callee).next()

    def _of_callee(self, callee: Session) -> Numbered:
        found = self.callees.get(callee)
        if found is None:
            found = self.callees[callee] = Numbered()
        return found

    def add(self, call: RoutedCall) -> None:
        """Enter a call whose numbers are taken."""
        if call.weight:
            call.caller.budget.charge(call.weight)
        endpoint = call.endpoint
        endpoint.active += 1
        self.callees[endpoint.callee].calls[call.invocation_request] = call
        self.callers[call.caller].calls[call.call_request] = call

    def remove(self, call: RoutedCall) -> None:
        """Forget a call: answers that still come are discarded."""
        if call.weight:
            call.caller.budget.give_back(call.weight)
        endpoint = call.endpoint
        endpoint.active -= 1
        del self.callees[endpoint.callee].calls[call.invocation_request]
        made = self.callers[call.caller]
        del made.calls[call.call_request]
        if call.streaming:
            made.cut_off_stream(call.call_request)

    def give_up(self, call: RoutedCall) -> None:
        """Forget a call that its callee has not answered.

        If the callee goes on with it, the call counts until the callee answers.
        """
        endpoint = call.endpoint
        if endpoint.goes_on:
            abandoned = self._abandoned.setdefault(endpoint.callee, {})
            abandoned[call.invocation_request] = endpoint
            endpoint.active += 1  # `remove` takes one
        self.remove(call)

    def settle(self, callee: Session, request: int) -> None:
        """Take the answer to a call that was forgotten before."""
        endpoint = self._abandoned.get(callee, {}).pop(request, None)
        if endpoint is not None:
            endpoint.active -= 1

    def undo(self, call: RoutedCall) -> None:
        """Forget the newest call of its callee, which was not sent: its number is free
        again, because a callee must not see a gap.
        """
        self.remove(call)
        self.callees[call.endpoint.callee].last_request -= 1

    def running(self) -> Iterator[RoutedCall]:
        """The calls whose callee has not answered yet."""
        for numbered in self.callees.values():
            yield from numbered.calls.values()

    def sessions(self) -> set[Session]:
        """The sessions that have called or have been called."""
        return {*self.callers, *self.callees}

    def remove_caller(self, caller: Session) -> Iterator[RoutedCall]:
        """Forget a session as a caller; yields the calls that it waited for."""
        return self._remove_all(self.callers, caller, self.give_up)

    def remove_callee(self, callee: Session) -> Iterator[RoutedCall]:
        """Forget a session as a callee; yields the calls that it ran."""
        yield from self._remove_all(self.callees, callee, self.remove)
        self._abandoned.pop(callee, None)

    def _remove_all(
        self,
        sessions: dict[Session, Numbered],
        session: Session,
        remove: Callable[[RoutedCall], None],
    ) -> Iterator[RoutedCall]:
        found = sessions.get(session)
        if found is None:
            return
        while found.calls:
            for request in list(found.calls):
                # It may have been answered since the last step.
                call = found.calls.get(request)
                if call is not None:
                    remove(call)
                    yield call
        del sessions[session]
