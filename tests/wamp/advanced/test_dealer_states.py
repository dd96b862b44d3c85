"""The dealer against a model: calls, cancels, timeouts, progress, takeovers,
departures.

No sockets and no clock but our own. The model says after every step who must have got
which answer, and that nobody got anything else.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    MultipleResults,
    RuleBasedStateMachine,
    initialize,
    invariant,
    multiple,
    rule,
)

from tests.wamp.advanced.conftest import CALLEE, INTERRUPT, World
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

STREAMS = "caller.progressive_call_invocations"
CANCELED, EXPIRED = "wamp.error.canceled", "wamp.error.timeout"
UNAVAILABLE = "wamp.error.unavailable"
NO_CALLEE, NO_FEATURE = (
    "wamp.error.no_available_callee",
    "wamp.error.feature_not_supported",
)

PROCEDURES = st.sampled_from(["com.a", "com.b"])
POLICIES = st.sampled_from(["single", "roundrobin", "random", "first", "last"])
FEATURES = st.sets(st.sampled_from([*CALLEE, STREAMS]))
CHOICE = st.integers(0, 1000)  # which of several possibilities a rule acts on


class Entry:
    """One callee of a procedure."""

    def __init__(self, member: Member, id: int, options: dict[str, Any]) -> None:
        self.member = member
        self.id = id
        self.limit = options.get("concurrency", 10**6)
        self.forwards = options["forward_timeout"]
        self.active = 0


class Call:
    """A call that has no final answer yet."""

    def __init__(self, caller: Member, request: int, options: dict[str, Any]) -> None:
        self.caller = caller
        self.request = request
        self.procedure = ""
        self.options = options
        self.streams = options.get("progress", False)
        self.progressive = False
        self.killed = False
        self.deadline: float | None = None
        self.callee: Member | None = None
        self.number = 0
        self.entry: Entry | None = None
        self.tried: list[Entry] = []
        self.chunks = 0


class Member:
    """A session, and what a correct dealer may still send it."""

    def __init__(self, world: World, features: Iterable[str]) -> None:
        self.features = frozenset(features)
        self.near = world.peer(*features)
        self.there = True
        self.last_request = 0
        self.last_invocation = 0
        self.calls: dict[int, Call] = {}
        self.invocations: dict[int, Call] = {}

    def knows(self, feature: str) -> bool:
        return f"callee.{feature}" in self.features


class DealerStates(RuleBasedStateMachine):
    """One final answer for every call whose caller is there, and nothing after it."""

    members = Bundle("members")

    def __init__(self) -> None:
        super().__init__()
        self.world = World()
        self.all: list[Member] = []
        self.registered: dict[str, list[Entry]] = {}
        self.policy: dict[str, str] = {}
        self.marked: list[Call] = []  # by the mark in their payload

    # What the dealer did

    def observe(
        self,
        answers: dict[Call, Iterable[Any]] | None = None,
        interrupts: Iterable[tuple[Member, int, str]] = (),
        undecided: Call | None = None,
        errors: Iterable[str] = (),
    ) -> None:
        """See that exactly this has been sent.

        Args:
            answers: Calls and what their answer is: ``"progress"``, ``"result"`` or an
                error URI.
            undecided: A call that must now have a callee or one of *errors*.
        """
        owed = {call: (answer,) for call, answer in (answers or {}).items()}
        if undecided is not None:
            owed[undecided] = tuple(errors)
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
        [entry] = [
            each for each in self.registered[call.procedure] if each.member is member
        ]
        assert entry.id == registration
        assert entry not in call.tried
        assert entry.active < entry.limit
        call.callee, call.number, call.entry = member, number, entry
        member.invocations[number] = call
        entry.active += 1
        self._check_details(call, entry, details)

    def _check_details(self, call: Call, entry: Entry, details: dict[str, Any]) -> None:
        options, member = call.options, entry.member
        expected: dict[str, Any] = {}
        call.progressive = "receive_progress" in options and member.knows(
            "progressive_call_results"
        )
        if call.progressive:
            expected["receive_progress"] = True
        if call.streams:
            assert member.knows("progressive_call_invocations")
            assert member.knows("call_canceling")
            expected["progress"] = True
        timeout = options.get("timeout")
        if timeout and entry.forwards and member.knows("call_timeout"):
            expected["timeout"] = timeout
            call.deadline = None
        elif timeout and call.deadline is None:
            call.deadline = self.world.clock.now + timeout / 1000
        assert details == expected

    def _answered(
        self, member: Member, message: list[Any], owed: dict[Call, tuple[Any, ...]]
    ) -> None:
        if message[0] == RESULT:
            _, request, details, _ = message
            found = "progress" if details else "result"
            assert details == ({"progress": True} if details else {})
        else:
            assert message[:2] == [ERROR, CALL], message
            request, found = message[2], message[4]
        call = member.calls[request]
        assert found in owed.pop(call)
        if found != "progress":
            self._close(call)

    def _close(self, call: Call) -> None:
        self._release(call)
        del call.caller.calls[call.request]

    def _release(self, call: Call) -> None:
        """The call has no callee any more."""
        if call.callee is not None and call.entry is not None:
            del call.callee.invocations[call.number]
            call.entry.active -= 1
            call.callee = None

    # Sessions

    @initialize(target=members, invoke=POLICIES, limit=st.sampled_from([None, 2]))
    def begin(self, invoke: str, limit: int | None) -> MultipleResults[Member]:
        """Members that know everything, and procedures that they have registered."""
        able = [self.join({*CALLEE, STREAMS}) for _ in range(3)]
        for member in able[: 1 if invoke == "single" else 3]:
            for procedure in ("com.a", "com.b"):
                self.register(member, procedure, invoke, limit, False, False)
        return multiple(*able)

    @rule(target=members, features=FEATURES)
    def join(self, features: set[str]) -> Member:
        member = Member(self.world, sorted(features))
        self.all.append(member)
        return member

    @rule(member=members, how=st.sampled_from(["vanish", "violate"]))
    def leave(self, member: Member, how: str) -> None:
        if not member.there:
            return
        interrupts = [
            (call.callee, call.number, "killnowait")
            for call in member.calls.values()
            if call.callee not in (None, member) and call.callee.knows("call_canceling")
        ]
        for call in list(member.calls.values()):
            self._close(call)
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
        entries = self.registered[procedure]
        entries[:] = [each for each in entries if each.member is not member]
        if not entries:
            del self.registered[procedure]

    # Registrations

    @rule(
        member=members,
        procedure=PROCEDURES,
        invoke=POLICIES,
        limit=st.sampled_from([None, 1, 2]),
        forwards=st.booleans(),
        force=st.booleans(),
    )
    def register(
        self,
        member: Member,
        procedure: str,
        invoke: str,
        limit: int | None,
        forwards: bool,
        force: bool,
    ) -> None:
        if not member.there:
            return
        options: dict[str, Any] = {"invoke": invoke, "forward_timeout": forwards}
        if limit is not None:
            options["concurrency"] = limit
        if force:
            options["force_reregister"] = True
        member.near.send(REGISTER, 1, options, procedure)
        [answer] = [
            each for each in member.near.take() if each[:2] != [UNREGISTERED, 0]
        ]
        entries = self.registered.setdefault(procedure, [])
        if force:
            entries.clear()
        refused = entries and (invoke == "single" or invoke != self.policy[procedure])
        assert answer[0] == (ERROR if refused else REGISTERED)
        if not refused:
            self.policy[procedure] = invoke
            if all(each.member is not member for each in entries):
                entries.append(Entry(member, answer[2], options))
        self.observe()

    @rule(member=members, procedure=PROCEDURES)
    def unregister(self, member: Member, procedure: str) -> None:
        entries = self.registered.get(procedure, [])
        held = [each.id for each in entries if each.member is member]
        if held:
            member.near.send(UNREGISTER, 1, held[0])
            assert member.near.take() == [[UNREGISTERED, 1]]
            self._remove(procedure, member)
            self.observe()

    # Calls

    @rule(
        member=members,
        procedure=PROCEDURES,
        wants=st.booleans(),
        timeout=st.sampled_from([0, 1000, 4000]),
        streams=st.booleans(),
    )
    def call(
        self, member: Member, procedure: str, wants: bool, timeout: int, streams: bool
    ) -> None:
        if not member.there:
            return
        options: dict[str, Any] = {"timeout": timeout} if timeout else {}
        if wants:
            options["receive_progress"] = True
        if streams and STREAMS in member.features:
            options["progress"] = True
        member.last_request += 1
        call = Call(member, member.last_request, options)
        call.procedure = procedure
        member.calls[call.request] = call
        self.marked.append(call)
        entries = self.registered.get(procedure, [])
        member.near.call(
            procedure, [len(self.marked) - 1], request=call.request, **options
        )
        if not entries:
            self.observe({call: "wamp.error.no_such_procedure"})
        elif all(each.active >= each.limit for each in entries):
            self.observe({call: NO_CALLEE})
        else:
            lacks = [NO_FEATURE] if call.streams else []
            self.observe(undecided=call, errors=lacks)

    @rule(member=members, choice=CHOICE, last=st.booleans())
    def send_more(self, member: Member, choice: int, last: bool) -> None:
        """The next arguments of a call that streams them."""
        calls = [each for each in member.calls.values() if each.streams]
        if not calls:
            return
        call = calls[choice % len(calls)]
        before = call.chunks
        if not call.killed:
            call.streams = not last
        options = {} if last else {"progress": True}
        mark = self.marked.index(call)
        member.near.send(CALL, call.request, options, call.procedure, [mark])
        self.observe()
        assert call.chunks == before + (not call.killed)

    @rule(member=members, choice=CHOICE, procedure=PROCEDURES)
    def send_more_too_late(self, member: Member, choice: int, procedure: str) -> None:
        """Arguments that have crossed the answer."""
        over = set(range(1, member.last_request + 1)) - set(member.calls)
        if member.there and over and STREAMS in member.features:
            request = sorted(over)[choice % len(over)]
            member.near.send(CALL, request, {}, procedure, [0])
            self.observe()

    @rule(
        member=members,
        choice=CHOICE,
        mode=st.sampled_from(["skip", "kill", "killnowait", None]),
    )
    def cancel(self, member: Member, choice: int, mode: str | None) -> None:
        """Of any request that this session ever made, or has not made yet."""
        if not member.there:
            return
        request = choice % (member.last_request + 1) + 1
        member.near.cancel(request, mode)
        call = member.calls.get(request)
        if call is None or call.killed:
            self.observe()
            return
        callee = call.callee
        assert callee is not None
        mode = (mode or "killnowait") if callee.knows("call_canceling") else "skip"
        interrupts = [] if mode == "skip" else [(callee, call.number, mode)]
        call.killed = mode == "kill"
        self.observe({} if call.killed else {call: CANCELED}, interrupts)

    @rule(seconds=st.sampled_from([0.25, 0.5, 2.0]))
    def wait(self, seconds: float) -> None:
        end = self.world.clock.now + seconds
        expired = [
            call
            for member in self.all
            for call in member.calls.values()
            if call.deadline is not None and call.deadline <= end
        ]
        interrupts = [
            (call.callee, call.number, "killnowait")
            for call in expired
            if call.callee is not None and call.callee.knows("call_canceling")
        ]
        self.world.clock.advance(seconds)
        self.observe(dict.fromkeys(expired, EXPIRED), interrupts)

    # Answers

    def _one(self, member: Member, choice: int) -> Call | None:
        """One of the calls that *member* runs."""
        calls = list(member.invocations.values())
        return calls[choice % len(calls)] if calls else None

    @rule(member=members, choice=CHOICE)
    def progress(self, member: Member, choice: int) -> None:
        call = self._one(member, choice)
        if call is not None:
            member.near.progress(call.number, ["part"])
            delivered = call.progressive and not call.killed
            if delivered and call.deadline is not None:
                timeout = call.options["timeout"] / 1000
                call.deadline = self.world.clock.now + timeout
            self.observe({call: "progress"} if delivered else {})

    @rule(member=members, choice=CHOICE)
    def finish(self, member: Member, choice: int) -> None:
        call = self._one(member, choice)
        if call is not None:
            member.near.finish_call(call.number, ["end"])
            self.observe({call: "result"})

    @rule(member=members, choice=CHOICE)
    def fail(self, member: Member, choice: int) -> None:
        call = self._one(member, choice)
        if call is not None:
            member.near.fail_call(call.number, "com.example.error")
            self.observe({call: "com.example.error"})

    @rule(member=members, choice=CHOICE)
    def decline(self, member: Member, choice: int) -> None:
        """The call goes to another callee, if both know of that."""
        call = self._one(member, choice)
        if call is None:
            return
        member.near.fail_call(call.number, UNAVAILABLE)
        if call.killed or not member.knows("call_reroute"):
            self.observe({call: UNAVAILABLE})
            return
        assert call.entry is not None
        call.tried.append(call.entry)
        self._release(call)
        if "progress" in call.options:
            self.observe({call: NO_CALLEE})  # its arguments are not kept
        else:
            self.observe(undecided=call, errors=[NO_CALLEE])

    @rule(
        member=members,
        choice=CHOICE,
        how=st.sampled_from(["progress", "finish_call", "fail_call"]),
    )
    def answer_too_late(self, member: Member, choice: int, how: str) -> None:
        """Discarded, whatever it is."""
        over = set(range(1, member.last_invocation + 1)) - set(member.invocations)
        if member.there and over:
            getattr(member.near, how)(sorted(over)[choice % len(over)])
            self.observe()

    # Always

    @invariant()
    def timers_are_those_of_running_calls(self) -> None:
        deadlines = sorted(
            call.deadline
            for member in self.all
            for call in member.calls.values()
            if call.deadline is not None
        )
        assert sorted(each.due for each in self.world.clock.timers) == deadlines

    def teardown(self) -> None:
        for member in self.all:
            self.leave(member, "vanish")
        left = {name for name, table in self.world.tables().items() if table}
        assert not left


DealerStates.TestCase.settings = settings(
    deadline=None, max_examples=150, stateful_step_count=50
)
test_every_call_has_exactly_one_end = DealerStates.TestCase
