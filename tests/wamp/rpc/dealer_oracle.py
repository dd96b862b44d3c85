"""What a correct dealer knows, written down as naively as possible."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Any

from tests.wamp.call_kit import World


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
        self.abandoned: dict[int, Entry] = {}
        self.cut_off: set[int] = set()  # calls whose last arguments may still come

    def knows(self, feature: str) -> bool:
        return f"callee.{feature}" in self.features

    def takes(self, call: Call) -> bool:
        """Whether it announced what *call* needs."""
        needed = ("progressive_call_invocations", "call_canceling")
        return not call.streams or all(self.knows(feature) for feature in needed)


class Entry:
    """One callee of a procedure."""

    def __init__(self, member: Member, id: int, options: dict[str, Any]) -> None:
        self.member = member
        self.id = id
        self.limit = options.get("concurrency", 10**6)
        self.forwards = options["forward_timeout"]
        self.active = 0
        self.gone = False


class Procedure:
    """A registration, from the first callee to the last.

    Attributes:
        ever: All that have registered, in that order; those that left are `gone`.
        latest: Whose turn it was.
    """

    def __init__(self, policy: str) -> None:
        self.policy = policy
        self.ever: list[Entry] = []
        self.latest: Entry | None = None

    @property
    def entries(self) -> list[Entry]:
        return [each for each in self.ever if not each.gone]

    def held_by(self, member: Member) -> Entry | None:
        return next((each for each in self.entries if each.member is member), None)

    def next(self, tried: Collection[Entry] = ()) -> list[Entry]:
        """Who may be chosen now; more than one only where chance decides."""
        free = [
            each
            for each in self.entries
            if each.active < each.limit and each not in tried
        ]
        if self.policy == "random":
            return free
        if self.policy == "last":
            return free[-1:]
        if self.policy == "roundrobin" and self.latest is not None:
            # Round and round in the order of registration, from the latest on.
            turn = self.ever.index(self.latest) + 1
            free.sort(key=lambda each: self.ever.index(each) < turn)
        return free[:1]


class Call:
    """A call that has no final answer yet.

    Attributes:
        candidates: Who may run it, when that is next decided.
    """

    def __init__(
        self, caller: Member, request: int, name: str, options: dict[str, Any]
    ) -> None:
        self.caller = caller
        self.request = request
        self.name = name
        self.options = options
        self.streams = options.get("progress", False)
        self.progressive = False
        self.killed = False
        self.deadline: float | None = None
        self.procedure: Procedure | None = None
        self.candidates: list[Entry] = []
        self.callee: Member | None = None
        self.number = 0
        self.entry: Entry | None = None
        self.tried: list[Entry] = []
        self.chunks = 0

    def invoke(self, entry: Entry, number: int, now: float) -> dict[str, Any]:
        """It is run by *entry*; the details of the INVOCATION."""
        self.callee, self.number, self.entry = entry.member, number, entry
        entry.member.invocations[number] = self
        entry.active += 1
        details: dict[str, Any] = {}
        self.progressive = "receive_progress" in self.options and entry.member.knows(
            "progressive_call_results"
        )
        if self.progressive:
            details["receive_progress"] = True
        if self.streams:
            details["progress"] = True
        timeout = self.options.get("timeout")
        if timeout and entry.forwards and entry.member.knows("call_timeout"):
            details["timeout"] = timeout
            self.deadline = None
        elif timeout and self.deadline is None:
            self.deadline = now + timeout / 1000
        return details

    def release(self) -> None:
        """It has no callee any more."""
        if self.callee is not None and self.entry is not None:
            del self.callee.invocations[self.number]
            self.entry.active -= 1
            self.callee = None

    def give_up(self) -> None:
        """Nobody waits for it; it counts as long as its callee cannot know that."""
        entry = self.entry
        if self.callee is None or entry is None:
            return
        if entry.limit < 10**6 and not self.callee.knows("call_canceling"):
            self.callee.abandoned[self.number] = entry
            entry.active += 1

    def close(self) -> None:
        """It has its final answer."""
        self.release()
        del self.caller.calls[self.request]
        if self.streams:
            self.caller.cut_off.add(self.request)
