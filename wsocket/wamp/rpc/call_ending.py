"""How calls end: completed, refused by the router, canceled, or out of time."""

from __future__ import annotations

from wsocket.core.histogram import Histogram
from wsocket.wamp.protocol import errors
from wsocket.wamp.protocol.client_messages import CALL, INTERRUPT, CancelMode
from wsocket.wamp.rpc.answer_timer import AnswerTimer
from wsocket.wamp.rpc.call_table import CallTable
from wsocket.wamp.rpc.routed_call import RoutedCall
from wsocket.wamp.session.runtime import Runtime


class CallEnding:
    """Takes calls out of the table, and tells caller and callee what they must know.

    Args:
        durations: How long calls took that were answered.
        answers_canceled: Whether a caller that cancels gets an ERROR. autobahn.js
            forgets the call at once, and closes the connection if an answer comes.
    """

    __slots__ = ("_answers_canceled", "_calls", "_durations", "_now", "_runtime")

    def __init__(
        self,
        calls: CallTable,
        runtime: Runtime,
        *,
        durations: Histogram,
        answers_canceled: bool,
    ) -> None:
        self._calls = calls
        self._durations = durations
        self._now = runtime.monotonic
        self._runtime = runtime
        self._answers_canceled = answers_canceled

    def complete(self, call: RoutedCall) -> None:
        """Forget a call that gets its final answer now."""
        self._calls.remove(call)
        self._durations.add(self._now() - call.started)
        if call.timer is not None:
            call.stop_timer()

    def give_up(self, call: RoutedCall) -> None:
        """Forget a call that its callee may still run."""
        self._calls.give_up(call)
        call.stop_timer()

    def refuse(self, call: RoutedCall, error: str, explanation: str) -> None:
        """Answer a call with an ERROR of the router."""
        self.complete(call)
        call.caller.send_error(CALL, call.call_request, error, explanation)

    def cancel(self, call: RoutedCall, wanted: CancelMode | None) -> None:
        """End a call, or ask its callee to end it ("Call Canceling").

        Args:
            wanted: CANCEL.Options.mode.
        """
        mode = wanted or "killnowait"
        if "callee.call_canceling" not in call.endpoint.callee.features:
            mode = "skip"
        if mode == "kill":
            call.canceled = True
            self.interrupt(call, mode)
            return
        self.give_up(call)
        if mode == "killnowait":
            self.interrupt(call, mode)
        # autobahn.js waits for an answer to `kill`, whatever the callee announced.
        if self._answers_canceled or wanted == "kill":
            problem = "canceled by the caller"
            call.caller.send_error(CALL, call.call_request, errors.CANCELED, problem)

    def interrupt(self, call: RoutedCall, mode: CancelMode) -> None:
        """Send INTERRUPT, if the callee is still there and knows it."""
        callee = call.endpoint.callee
        if "callee.call_canceling" in callee.features and callee in self._calls.callees:
            callee.send([INTERRUPT, call.invocation_request, {"mode": mode}])

    def limit_time(self, call: RoutedCall, *, forwarded: bool) -> None:
        """Give the callee the time of CALL.Options.timeout ("Call Timeouts").

        Args:
            forwarded: Whether the callee was told the timeout, and so keeps it itself.
        """
        if forwarded:
            call.stop_timer()
        elif call.timer is None:  # else the call was rerouted, and the timer goes on
            seconds = call.options.timeout / 1000
            call.timer = AnswerTimer(self._runtime, seconds, self._expire, call)

    def _expire(self, call: RoutedCall) -> None:
        problem = f"no answer within {call.options.timeout} ms"
        self.give_up(call)
        call.caller.send_error(CALL, call.call_request, errors.TIMEOUT, problem)
        self.interrupt(call, "killnowait")
