"""The dealer against a model: sessions register, call, answer and leave at random."""

from __future__ import annotations

from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, invariant, rule

from tests.wamp.fakes import Member, World

PROCEDURES = st.sampled_from(["com.a", "com.b", "com.c"])
POLICIES = st.sampled_from(["single", "roundrobin", "random", "first", "last"])
# Which of several possibilities a rule acts on.
CHOICE = st.integers(0, 1000)

ERROR, CALL, RESULT = 8, 48, 50
REGISTERED, UNREGISTERED, INVOCATION = 65, 67, 68


class Peer:
    """A member, and what a correct dealer may still send it."""

    def __init__(self, member: Member) -> None:
        self.member = member
        self.next_request = 0
        self.asked: dict[int, str] = {}  # CALL.Request -> what the answer must hold
        self.invoked: dict[int, str] = {}  # INVOCATION.Request -> the caller's mark
        self.last_invocation = 0
        self.registrations: set[int] = set()
        self.there = True


class DealerMachine(RuleBasedStateMachine):
    """Invariants: one final answer for every call whose caller is there, nothing for
    those that left, no memory of anybody when all have left."""

    peers = Bundle("peers")

    def __init__(self) -> None:
        super().__init__()
        self.world = World()
        self.all: list[Peer] = []
        self.callee_of: dict[str, tuple[Peer, int]] = {}  # mark -> who was invoked
        self.marks = 0

    @rule(target=peers)
    def join(self) -> Peer:
        peer = Peer(Member(self.world))
        self.all.append(peer)
        return peer

    @rule(peer=peers, procedure=PROCEDURES, invoke=POLICIES)
    def register(self, peer: Peer, procedure: str, invoke: str) -> None:
        if not peer.there:
            return
        peer.next_request += 1
        peer.member.register(procedure, invoke, request=peer.next_request)
        [answer] = peer.member.take()
        if answer[0] == ERROR:
            assert answer[4] == "wamp.error.procedure_already_exists"
        else:
            assert answer[:2] == [REGISTERED, peer.next_request]
            peer.registrations.add(answer[2])

    @rule(peer=peers, choice=CHOICE)
    def unregister(self, peer: Peer, choice: int) -> None:
        if not peer.there or not peer.registrations:
            return
        registration = sorted(peer.registrations)[choice % len(peer.registrations)]
        peer.registrations.remove(registration)
        peer.member.unregister(registration, request=77)
        assert peer.member.take() == [[UNREGISTERED, 77]]

    @rule(peer=peers, procedure=PROCEDURES)
    def call(self, peer: Peer, procedure: str) -> None:
        if not peer.there:
            return
        peer.next_request += 1
        self.marks += 1
        request, mark = peer.next_request, f"call {self.marks}"
        peer.member.call(procedure, request, mark)
        invocations = [
            (each, message)
            for each in self.all
            if each.there
            for message in each.member.take()
        ]
        assert len(invocations) == 1
        [(receiver, message)] = invocations
        if message[0] == ERROR:
            assert receiver is peer
            assert message[:5] == [8, CALL, request, {}, "wamp.error.no_such_procedure"]
            return
        code, number, registration, _, args = message
        assert (code, args) == (INVOCATION, [mark])
        assert registration in receiver.registrations
        assert number == receiver.last_invocation + 1
        receiver.last_invocation = number
        receiver.invoked[number] = mark
        peer.asked[request] = mark
        self.callee_of[mark] = receiver, number

    def _answered(self, callee: Peer, choice: int) -> tuple[int, Peer | None, int]:
        """Choose an invocation; its number, and the call that waits for it."""
        number = sorted(callee.invoked)[choice % len(callee.invoked)]
        mark = callee.invoked.pop(number)
        for caller in self.all:
            for request, asked in caller.asked.items():
                if asked == mark and caller.there:
                    del caller.asked[request]
                    return number, caller, request
        return number, None, 0

    def _check(self, caller: Peer | None, expected: list[Any]) -> None:
        """The caller gets exactly this, and nobody else anything."""
        for peer in self.all:
            if peer.there:
                assert peer.member.take() == ([expected] if peer is caller else [])

    @rule(peer=peers, choice=CHOICE)
    def yield_(self, peer: Peer, choice: int) -> None:
        if not peer.there or not peer.invoked:
            return
        number, caller, request = self._answered(peer, choice)
        peer.member.answer(number, "done")
        self._check(caller, [RESULT, request, {}, ["done"]])

    @rule(peer=peers, choice=CHOICE)
    def error(self, peer: Peer, choice: int) -> None:
        if not peer.there or not peer.invoked:
            return
        number, caller, request = self._answered(peer, choice)
        peer.member.fail(number)
        self._check(caller, [ERROR, CALL, request, {}, "com.example.error"])

    @rule(peer=peers, choice=CHOICE)
    def answer_again(self, peer: Peer, choice: int) -> None:
        """A late answer is discarded."""
        done = set(range(1, peer.last_invocation + 1)) - set(peer.invoked)
        if not peer.there or not done:
            return
        peer.member.answer(sorted(done)[choice % len(done)], "late")
        self._check(None, [])

    @rule(peer=peers, how=st.sampled_from(["leave", "violate"]))
    def leave(self, peer: Peer, how: str) -> None:
        if not peer.there:
            return
        peer.there = False
        if how == "leave":
            peer.member.disconnect()
        else:
            peer.member.answer(peer.last_invocation + 1)
            assert [each[0] for each in peer.member.take()] == [3]
        peer.asked.clear()
        for caller in self.all:
            if not caller.there:
                assert caller.member.take() == []
                continue
            canceled = {
                request
                for request, mark in caller.asked.items()
                if self.callee_of[mark][0] is peer
            }
            messages = caller.member.take()
            assert {message[2] for message in messages} == canceled
            assert len(messages) == len(canceled)
            for message in messages:
                assert message[:2] == [ERROR, CALL]
                assert message[4] == "wamp.error.canceled"
                del caller.asked[message[2]]

    @invariant()
    def nobody_hears_anything_unasked(self) -> None:
        for peer in self.all:
            assert peer.member.take() == []

    def teardown(self) -> None:
        for peer in self.all:
            if peer.there:
                self.leave(peer, "leave")
        assert not any(peer.asked for peer in self.all)
        left = {name for name, table in self.world.tables().items() if table}
        assert not left
        assert self.world.runtime.timers == []


DealerMachine.TestCase.settings = settings(
    deadline=None, max_examples=60, stateful_step_count=40
)
test_every_call_has_one_final_answer = DealerMachine.TestCase
