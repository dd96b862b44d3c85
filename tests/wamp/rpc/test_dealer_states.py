"""The dealer against a model: calls, cancels, timeouts, progress, takeovers,
departures.

No sockets and no clock but our own. The model says after every step who must have got
which answer, and that nobody got anything else.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
)

from tests.wamp.call_kit import CALLEE, INTERRUPT, World
from tests.wamp.raw_client import (
    ABORT,
    CALL,
    ERROR,
    INVOCATION,
    REGISTER,
    REGISTERED,
    RESULT,
    UNREGISTER,
    UNREGISTERED,
)
from tests.wamp.rpc.dealer_oracle import Call, Entry, Member, Procedure

STREAMS = "caller.progressive_call_invocations"
CANCELED, EXPIRED = "wamp.error.canceled", "wamp.error.timeout"
UNAVAILABLE = "wamp.error.unavailable"
NO_CALLEE, NO_FEATURE = (
    "wamp.error.no_available_callee",
    "wamp.error.feature_not_supported",
)

PROCEDURES = st.sampled_from(["com.a", "com.b"])
POLICIES = st.sampled_from(["single", "roundrobin", "random", "first", "last"])
MODES = st.sampled_from(["kill", "kill", "kill", "skip", "killnowait", None])
FEATURES = st.sets(st.sampled_from([*CALLEE, STREAMS]))
CHOICE = st.integers(0, 1000)  # which of several possibilities a rule acts on
CALLS: dict[str, st.SearchStrategy[Any]] = {
    "choice": CHOICE,
    "procedure": PROCEDURES,
    "wants": st.sampled_from([True, True, False]),
    "timeout": st.sampled_from([0, 1000, 4000]),
    "streams": st.booleans(),
}


class DealerStates(RuleBasedStateMachine):
    """One final answer for every call whose caller is there, and nothing after it."""

    def __init__(self) -> None:
        super().__init__()
        self.world = World()
        self.all: list[Member] = []
        self.registered: dict[str, Procedure] = {}
        self.marked: list[Call] = []  # by the mark in their payload

    # What the dealer did

    def observe(
        self,
        answers: dict[Call, Iterable[Any]] | None = None,
        interrupts: Iterable[tuple[Member, int, str]] = (),
        undecided: Call | None = None,
    ) -> None:
        """See that exactly this has been sent.

        Args:
            answers: Calls and what their answer is: ``"progress"``, ``"result"`` or an
                error URI.
            undecided: A call that must now go to one of its candidates.
        """
        owed = {call: (answer,) for call, answer in (answers or {}).items()}
        if undecided is not None:
            owed[undecided] = self._refusals(undecided)
        to_interrupt = list(interrupts)
        for member in self.all:
            for message in member.near.take():
                assert member.there, message
                code = message[0]
                if code == INVOCATION:
                    self._invoked(member, message)
                elif code == INTERRUPT:
                    to_interrupt.remove((member, message[1], message[2]["mode"]))
                    assert member.knows("call_canceling")
                elif code == UNREGISTERED:
                    assert member.knows("registration_revocation")
                else:
                    self._answered(member, message, owed)
        assert not to_interrupt
        if undecided in owed and undecided.callee is not None:
            del owed[undecided]
        assert not owed

    def _refusals(self, call: Call) -> tuple[str, ...]:
        """Why no candidate may be invoked; chance may pick one that can be."""
        candidates = call.candidates
        if not candidates:
            return (NO_CALLEE,)
        assert call.procedure is not None
        call.procedure.latest = candidates[0]
        able = all(each.member.takes(call) for each in candidates)
        return () if able else (NO_FEATURE,)

    def _invoked(self, member: Member, message: list[Any]) -> None:
        _, number, registration, details, [mark] = message
        call = self.marked[mark]
        call.chunks += 1
        if number in member.invocations:
            assert member.invocations[number] is call
            assert details == ({"progress": True} if call.streams else {})
            return
        assert call.callee is None
        member.last_invocation += 1
        assert number == member.last_invocation
        [entry] = [each for each in call.candidates if each.member is member]
        assert entry.id == registration
        assert member.takes(call)
        assert details == call.invoke(entry, number, self.world.clock.now)

    def _answered(
        self, member: Member, message: list[Any], owed: dict[Call, tuple[Any, ...]]
    ) -> None:
        if message[0] == RESULT:
            _, request, details, payload = message
            found = "progress" if details else "result"
            assert payload == ["part" if details else "end"]
            assert details == ({"progress": True} if details else {})
        else:
            assert message[:2] == [ERROR, CALL], message
            request, found = message[2], message[4]
        call = member.calls[request]
        assert found in owed.pop(call)
        if found != "progress":
            call.close()

    # Sessions

    @initialize(
        invoke=POLICIES,
        limit=st.sampled_from([None, 2]),
        count=st.integers(1, 3),
        calls=st.lists(st.fixed_dictionaries(CALLS), min_size=2, max_size=6),
    )
    def begin(
        self, invoke: str, limit: int | None, count: int, calls: list[dict[str, Any]]
    ) -> None:
        """Members that know everything, procedures of theirs, and calls of those."""
        for _ in range(3):
            self.join({*CALLEE, STREAMS})
        for number in range(1 if invoke == "single" else count):
            for procedure in ("com.a", "com.b"):
                self.register(number, procedure, invoke, limit, False, False)
        for each in calls:
            self.call(**each)

    def there(self) -> list[Member]:
        return [each for each in self.all if each.there]

    def _member(self, choice: int) -> Member:
        there = self.there()
        return there[choice % len(there)]

    @precondition(lambda self: len(self.there()) < 6)
    @rule(features=FEATURES | st.just({*CALLEE, STREAMS}))
    def join(self, features: set[str]) -> None:
        self.all.append(Member(self.world, sorted(features)))

    @precondition(lambda self: len(self.there()) > 3)
    @rule(choice=CHOICE, how=st.sampled_from(["vanish", "violate"]))
    def leave(self, choice: int, how: str) -> None:
        self._leave(self._member(choice), how)

    def _leave(self, member: Member, how: str) -> None:
        interrupts = [
            (call.callee, call.number, "killnowait")
            for call in member.calls.values()
            if call.callee not in (None, member) and call.callee.knows("call_canceling")
        ]
        for call in list(member.calls.values()):
            call.give_up()
            call.close()
        answers = dict.fromkeys(member.invocations.values(), CANCELED)
        if how == "vanish":
            member.near.leave()
        else:
            member.near.finish_call(member.last_invocation + 1)
            assert [each[0] for each in member.near.take()] == [ABORT]
        member.there = False
        for procedure in list(self.registered):
            self._remove(procedure, member)
        self.observe(answers, interrupts)

    def _remove(self, procedure: str, member: Member) -> None:
        entry = self.registered[procedure].held_by(member)
        if entry is not None:
            self._drop(procedure, entry)

    def _drop(self, name: str, entry: Entry) -> None:
        entry.gone = True
        if not self.registered[name].entries:
            del self.registered[name]

    # Registrations

    @rule(
        choice=CHOICE,
        procedure=PROCEDURES,
        invoke=POLICIES | st.none(),
        limit=st.sampled_from([None, 1, 2]),
        forwards=st.booleans(),
        force=st.booleans(),
    )
    def register(
        self,
        choice: int,
        procedure: str,
        invoke: str | None,
        limit: int | None,
        forwards: bool,
        force: bool,
    ) -> None:
        """Without a policy: with the one that is there, to share the procedure."""
        member = self._member(choice)
        if invoke is None:
            there = self.registered.get(procedure)
            invoke = there.policy if there else "roundrobin"
        options: dict[str, Any] = {"invoke": invoke, "forward_timeout": forwards}
        if limit is not None:
            options["concurrency"] = limit
        if force:
            options["force_reregister"] = True
        member.near.send(REGISTER, 1, options, procedure)
        [answer] = [
            each for each in member.near.take() if each[:2] != [UNREGISTERED, 0]
        ]
        if force and procedure in self.registered:
            for entry in self.registered[procedure].entries:
                self._drop(procedure, entry)
        found = self.registered.get(procedure) or Procedure(invoke)
        refused = found.entries and (invoke == "single" or invoke != found.policy)
        assert answer[0] == (ERROR if refused else REGISTERED)
        if not refused and found.held_by(member) is None:
            found.ever.append(Entry(member, answer[2], options))
            self.registered[procedure] = found
        self.observe()

    @rule(choice=CHOICE, procedure=PROCEDURES)
    def unregister(self, choice: int, procedure: str) -> None:
        member = self._member(choice)
        found = self.registered.get(procedure)
        entry = found.held_by(member) if found else None
        if entry is not None:
            member.near.send(UNREGISTER, 1, entry.id)
            assert member.near.take() == [[UNREGISTERED, 1]]
            self._remove(procedure, member)
            self.observe()

    # Calls

    @rule(**CALLS)
    def call(
        self, choice: int, procedure: str, wants: bool, timeout: int, streams: bool
    ) -> None:
        member = self._member(choice)
        options: dict[str, Any] = {"timeout": timeout} if timeout else {}
        if wants:
            options["receive_progress"] = True
        if streams and STREAMS in member.features:
            options["progress"] = True
        member.last_request += 1
        call = Call(member, member.last_request, procedure, options)
        member.calls[call.request] = call
        self.marked.append(call)
        call.procedure = self.registered.get(procedure)
        if call.procedure is not None:
            call.candidates = call.procedure.next()
        member.near.call(
            procedure, [len(self.marked) - 1], request=call.request, **options
        )
        if call.procedure is None:
            self.observe({call: "wamp.error.no_such_procedure"})
        else:
            self.observe(undecided=call)

    def running(self) -> list[Call]:
        return [call for member in self.all for call in member.calls.values()]

    def deadlines(self) -> list[float]:
        return [call.deadline for call in self.running() if call.deadline is not None]

    def streaming(self) -> list[Call]:
        return [call for call in self.running() if call.streams]

    @precondition(streaming)
    @rule(choice=CHOICE, last=st.booleans())
    def send_more(self, choice: int, last: bool) -> None:
        """The next arguments of a call that streams them."""
        calls = self.streaming()
        call = calls[choice % len(calls)]
        before = call.chunks
        call.streams = not last
        options = {} if last else {"progress": True}
        mark = self.marked.index(call)
        call.caller.near.send(CALL, call.request, options, call.name, [mark])
        self.observe()
        assert call.chunks == before + (not call.killed)

    @rule(choice=CHOICE, which=CHOICE, procedure=PROCEDURES)
    def send_more_too_late(self, choice: int, which: int, procedure: str) -> None:
        """Arguments that have crossed the answer."""
        member = self._member(choice)
        if member.cut_off:
            request = sorted(member.cut_off)[which % len(member.cut_off)]
            member.cut_off.remove(request)
            member.near.send(CALL, request, {}, procedure, [0])
            self.observe()

    @rule(choice=CHOICE, which=CHOICE, mode=MODES)
    def cancel_nothing(self, choice: int, which: int, mode: str | None) -> None:
        """A request that is over, or not made yet."""
        member = self._member(choice)
        request = which % (member.last_request + 1) + 1
        if request not in member.calls:
            member.near.cancel(request, mode)
            self.observe()

    @precondition(running)
    @rule(choice=CHOICE, mode=MODES)
    def cancel(self, choice: int, mode: str | None) -> None:
        call, callee = self._one(choice)
        call.caller.near.cancel(call.request, mode)
        if call.killed:
            self.observe()
            return
        mode = (mode or "killnowait") if callee.knows("call_canceling") else "skip"
        interrupts = [] if mode == "skip" else [(callee, call.number, mode)]
        call.killed = mode == "kill"
        if not call.killed:
            call.give_up()
        self.observe({} if call.killed else {call: CANCELED}, interrupts)

    @precondition(lambda self: self.deadlines())
    @rule(seconds=st.sampled_from([0.25, 0.5, 2.0]))
    def wait(self, seconds: float) -> None:
        end = self.world.clock.now + seconds
        expired = [
            call
            for call in self.running()
            if call.deadline is not None and call.deadline <= end
        ]
        interrupts = [
            (call.callee, call.number, "killnowait")
            for call in expired
            if call.callee is not None and call.callee.knows("call_canceling")
        ]
        for call in expired:
            call.give_up()
        self.world.clock.advance(seconds)
        self.observe(dict.fromkeys(expired, EXPIRED), interrupts)

    # Answers

    def _one(self, choice: int) -> tuple[Call, Member]:
        """A call and its callee."""
        calls = self.running()
        call = calls[choice % len(calls)]
        assert call.callee is not None
        return call, call.callee

    @precondition(running)
    @rule(choice=CHOICE)
    def progress(self, choice: int) -> None:
        call, callee = self._one(choice)
        callee.near.progress(call.number, ["part"])
        delivered = call.progressive and not call.killed
        if delivered and call.deadline is not None:
            timeout = call.options["timeout"] / 1000
            call.deadline = self.world.clock.now + timeout
        self.observe({call: "progress"} if delivered else {})

    @precondition(running)
    @rule(choice=CHOICE)
    def finish(self, choice: int) -> None:
        call, callee = self._one(choice)
        callee.near.finish_call(call.number, ["end"])
        self.observe({call: "result"})

    @precondition(running)
    @rule(choice=CHOICE)
    def fail(self, choice: int) -> None:
        call, callee = self._one(choice)
        callee.near.fail_call(call.number, "com.example.error")
        self.observe({call: "com.example.error"})

    @precondition(running)
    @rule(choice=CHOICE)
    def decline(self, choice: int) -> None:
        """The call goes to another callee, if both know of that."""
        call, callee = self._one(choice)
        callee.near.fail_call(call.number, UNAVAILABLE)
        if call.killed or not callee.knows("call_reroute"):
            self.observe({call: UNAVAILABLE})
            return
        assert call.entry is not None
        assert call.procedure is not None
        call.tried.append(call.entry)
        call.release()
        call.candidates = call.procedure.next(call.tried)
        if "progress" in call.options:
            self.observe({call: NO_CALLEE})  # its arguments are not kept
        else:
            self.observe(undecided=call)

    @rule(
        choice=CHOICE,
        which=CHOICE,
        how=st.sampled_from(["progress", "finish_call", "fail_call"]),
    )
    def answer_too_late(self, choice: int, which: int, how: str) -> None:
        """Discarded, whatever it is."""
        member = self._member(choice)
        over = set(range(1, member.last_invocation + 1)) - set(member.invocations)
        if over:
            number = sorted(over)[which % len(over)]
            getattr(member.near, how)(number)
            if how != "progress" and number in member.abandoned:
                member.abandoned.pop(number).active -= 1
            self.observe()

    # Always

    @invariant()
    def timers_are_those_of_running_calls(self) -> None:
        due = [each.due for each in self.world.clock.timers]
        assert sorted(due) == sorted(self.deadlines())

    def teardown(self) -> None:
        for member in self.there():
            self._leave(member, "vanish")
        assert self.world.held() == []


DealerStates.TestCase.settings = settings(max_examples=200, stateful_step_count=50)
test_every_call_has_exactly_one_end = pytest.mark.slow(
    reason="thousands of random steps"
)(DealerStates.TestCase)
