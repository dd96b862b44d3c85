"""Whose turn it is among the callees of one procedure, against a naive oracle."""

from __future__ import annotations

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

from tests.wamp.advanced.conftest import CALLEE, World
from tests.wamp.advanced.dealer_oracle import Entry, Member, Procedure
from tests.wamp.raw_client import (
    ERROR,
    INVOCATION,
    REGISTER,
    RESULT,
    UNREGISTER,
    UNREGISTERED,
)

URI = "com.example.procedure"
CHOICE = st.integers(0, 1000)  # which of several possibilities a rule acts on
NO_CALLEE = "wamp.error.no_available_callee"


class Turns(RuleBasedStateMachine):
    """Callees come and go, are busy and decline; the oracle says who is next."""

    @initialize(
        policy=st.sampled_from(["roundrobin", "roundrobin", "first", "last", "random"]),
        limit=st.sampled_from([None, None, 1, 2]),
    )
    def begin(self, policy: str, limit: int | None) -> None:
        self.world = World()
        self.caller = self.world.peer()
        self.idle = [Member(self.world, CALLEE) for _ in range(4)]
        self.options: dict[str, Any] = {"invoke": policy, "forward_timeout": False}
        if limit is not None:
            self.options["concurrency"] = limit
        self.procedure = Procedure(policy)
        # CALL.Request -> who runs it, INVOCATION.Request, who has declined it
        self.running: dict[int, tuple[Entry, int, list[Entry]]] = {}
        self.requests = 0

    @precondition(lambda self: self.idle)
    @rule(choice=CHOICE)
    def register(self, choice: int) -> None:
        if not self.procedure.entries:
            self.procedure = Procedure(self.procedure.policy)
        member = self.idle.pop(choice % len(self.idle))
        member.near.send(REGISTER, 1, self.options, URI)
        [[_, _, registration]] = member.near.take()
        assert {each.id for each in self.procedure.entries} <= {registration}
        self.procedure.ever.append(Entry(member, registration, self.options))

    @precondition(lambda self: self.procedure.entries)
    @rule(choice=CHOICE)
    def unregister(self, choice: int) -> None:
        """What it runs, it goes on running."""
        entry = self._one(self.procedure.entries, choice)
        entry.gone = True
        entry.member.near.send(UNREGISTER, 1, entry.id)
        assert entry.member.near.take() == [[UNREGISTERED, 1]]
        self.idle.append(entry.member)

    @rule()
    def call(self) -> None:
        self.requests += 1
        candidates = self.procedure.next()
        self.caller.call(URI, [self.requests], request=self.requests)
        if self.procedure.entries:
            self._check_choice(self.requests, candidates, [])
        else:
            assert self._error() == "wamp.error.no_such_procedure"

    @precondition(lambda self: self.running)
    @rule(choice=CHOICE)
    def decline(self, choice: int) -> None:
        """The next one's turn, of those that the registration has now."""
        request = self._one(list(self.running), choice)
        entry, number, tried = self.running.pop(request)
        tried = [*tried, entry]
        entry.active -= 1
        # Another registration under the same name is none of this call's business.
        procedure = self.procedure if entry in self.procedure.ever else None
        candidates = procedure.next(tried) if procedure else []
        entry.member.near.fail_call(number, "wamp.error.unavailable")
        self._check_choice(request, candidates, tried)

    @precondition(lambda self: self.running)
    @rule(choice=CHOICE)
    def finish(self, choice: int) -> None:
        request = self._one(list(self.running), choice)
        entry, number, _ = self.running.pop(request)
        entry.active -= 1
        entry.member.near.finish_call(number, [])
        assert self.caller.take() == [[RESULT, request, {}, []]]

    def _check_choice(
        self, request: int, candidates: list[Entry], tried: list[Entry]
    ) -> None:
        """One of *candidates* was invoked; where there is none, nobody was."""
        if not candidates:
            assert self._error() == NO_CALLEE
            return
        [(entry, message)] = [
            (entry, message)
            for entry in candidates
            for message in entry.member.near.take()
        ]
        code, number, registration, _, args = message
        assert (code, registration, args) == (INVOCATION, entry.id, [request])
        entry.active += 1
        self.procedure.latest = entry
        self.running[request] = entry, number, tried

    def _error(self) -> str:
        [message] = self.caller.take()
        assert message[0] == ERROR
        uri: str = message[4]
        return uri

    @staticmethod
    def _one(things: list[Any], choice: int) -> Any:
        return things[choice % len(things)]

    @invariant()
    def nobody_else_hears_anything(self) -> None:
        assert self.caller.take() == []
        for entry in self.procedure.ever:
            assert entry.member.near.take() == []


Turns.TestCase.settings = settings(max_examples=150, stateful_step_count=20)
test_next_callee_is_the_one_that_the_oracle_names = pytest.mark.slow(
    reason="thousands of random steps"
)(Turns.TestCase)
