"""The calls of one realm that are under way."""

from __future__ import annotations

from collections.abc import Iterator

from wsocket.wamp.rpc.routed_call import RoutedCall
from wsocket.wamp.session.session import Session


class Numbered:
    """The calls of one session in one role, by the number that this side knows.

    Attributes:
        last_request: The highest number so far.
    """

    __slots__ = ("calls", "last_request")

    def __init__(self) -> None:
        self.calls: dict[int, RoutedCall] = {}
        self.last_request = 0


class CallTable:
    """Finds calls by caller and CALL.Request, and by callee and INVOCATION.Request.

    Every call is in it twice, or not at all. The number of calls that a callee runs,
    `RegisteredCallee.active`, follows.

    Attributes:
        callers: What each session has called, by CALL.Request.
        callees: What each session runs, by INVOCATION.Request.
    """

    __slots__ = ("callees", "callers")

    def __init__(self) -> None:
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
        found = self.callees.get(callee)
        if found is None:
            found = self.callees[callee] = Numbered()
        found.last_request += 1
        return found.last_request

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
        del self.callers[call.caller].calls[call.call_request]

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
        return self._remove_all(self.callers, caller)

    def remove_callee(self, callee: Session) -> Iterator[RoutedCall]:
        """Forget a session as a callee; yields the calls that it ran."""
        return self._remove_all(self.callees, callee)

    def _remove_all(
        self, sessions: dict[Session, Numbered], session: Session
    ) -> Iterator[RoutedCall]:
        found = sessions.get(session)
        if found is None:
            return
        while found.calls:
            for request in list(found.calls):
                # It may have been answered since the last step.
                call = found.calls.get(request)
                if call is not None:
                    self.remove(call)
                    yield call
        del sessions[session]
