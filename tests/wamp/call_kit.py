"""Clients that announce exactly what a case needs, and a router on a clock of ours."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import websocket

from tests.wamp.raw_client import (
    CALL,
    ERROR,
    INVOCATION,
    REGISTER,
    RESULT,
    UNREGISTER,
    UNSUBSCRIBE,
    YIELD,
    Closed,
    RawClient,
)
from wsocket.core.budget import Budget
from wsocket.wamp.router.config import Realm
from wsocket.wamp.router.router import Router
from wsocket.wamp.serializers.json import JSON
from wsocket.wamp.session.in_process import at_once
from wsocket.wamp.session.session import Session

CANCEL, INTERRUPT = 49, 69

# Everything that a callee and a caller can announce of these features.
CALLEE = (
    "callee.call_canceling",
    "callee.call_reroute",
    "callee.call_timeout",
    "callee.caller_identification",
    "callee.payload_passthru_mode",
    "callee.progressive_call_invocations",
    "callee.progressive_call_results",
    "callee.registration_revocation",
)
CALLER = (
    "caller.call_canceling",
    "caller.call_timeout",
    "caller.payload_passthru_mode",
    "caller.progressive_call_invocations",
    "caller.progressive_call_results",
)

# Request numbers that no test uses otherwise.
MARKS = iter(range(10**9, 2 * 10**9))


def roles(*features: str) -> dict[str, Any]:
    """HELLO.Details.roles: every role, and of the features ``"role.feature"`` these."""
    found: dict[str, Any] = {
        role: {"features": {}}
        for role in ("caller", "callee", "publisher", "subscriber")
    }
    for feature in features:
        role, _, name = feature.partition(".")
        found[role]["features"][name] = True
    return found


class Talk:
    """What a client says in these tests, over whatever there is."""

    def send(self, *message: Any) -> None:
        raise NotImplementedError

    def progress(self, invocation: int, *payload: Any) -> None:
        """YIELD a progressive result."""
        self.send(YIELD, invocation, {"progress": True}, *payload)

    def finish_call(self, invocation: int, *payload: Any, **options: Any) -> None:
        """YIELD the final result."""
        self.send(YIELD, invocation, options, *payload)

    def fail_call(
        self, invocation: int, error: str = "com.example.error", *payload: Any
    ) -> None:
        """Answer an invocation with ERROR."""
        self.send(ERROR, INVOCATION, invocation, {}, error, *payload)

    def cancel(self, request: int, mode: str | None = None) -> None:
        """CANCEL a call."""
        self.send(CANCEL, request, {} if mode is None else {"mode": mode})


class Peer(RawClient, Talk):
    """A client on a websocket.

    Args:
        circle: The clients of one test; this one is added.
    """

    def __init__(
        self, url: str, serializer: str = "json", *, circle: list[Peer] | None = None
    ) -> None:
        super().__init__(url, serializer)
        self._circle = [] if circle is None else circle
        self._circle.append(self)

    def settled(self) -> list[list[Any]]:
        """What the router has sent, after all that this test's clients said before."""
        for each in [*self._circle]:
            if each is not self and not each.catch_up():
                self._circle.remove(each)
        assert self.catch_up(), "the session has ended"
        messages = [*self.inbox]
        self.inbox.clear()
        return messages

    def catch_up(self) -> bool:
        """Read all that was sent until now; whether the session still is."""
        mark = next(MARKS)
        try:
            self.send(UNSUBSCRIBE, mark, 2**53)
            while True:
                message = self.format.loads(self.receive_data())
                if message[:3] == [ERROR, UNSUBSCRIBE, mark]:
                    return True
                self.inbox.append(message)
        except (Closed, OSError, websocket.WebSocketException):
            return False

    def failed(self, request: int) -> str:
        """The next message, which must be the ERROR of a call; its URI."""
        message = self.receive()
        assert message[:4] == [ERROR, CALL, request, {}], message
        return message[4]

    def succeeded(self, request: int) -> list[Any]:
        """The next message, which must be the final RESULT of a call; its payload."""
        message = self.receive()
        assert message[:3] == [RESULT, request, {}], message
        return message[3:]


@pytest.fixture
def peer(url: str) -> Iterator[Callable[..., Peer]]:
    """Join with these features: ``peer("callee.call_canceling", serializer=...)``."""
    circle: list[Peer] = []
    with contextlib.ExitStack() as stack:

        def join(*features: str, serializer: str = "json", **details: Any) -> Peer:
            client = Peer(url, serializer, circle=circle)
            stack.callback(client.finish)
            client.join(roles=roles(*features), **details)
            return client

        yield join


# Without a network


class Timer:
    """A callback of a `Clock`."""

    def __init__(self, due: float, run: Callable[[], object]) -> None:
        self.due = due
        self.run = run
        self.pending = True

    def cancel(self) -> None:
        self.pending = False


class Clock:
    """A router's runtime whose time is ours."""

    def __init__(self) -> None:
        self.now = 0.0
        self._timers: list[Timer] = []

    def time(self) -> float:
        return self.now

    monotonic = time

    in_turns = staticmethod(at_once)

    def call_later(
        self, seconds: float, callback: Callable[..., object], *args: Any
    ) -> Timer:
        timer = Timer(self.now + seconds, lambda: callback(*args))
        self._timers.append(timer)
        return timer

    def offload(
        self, function: Callable[[], Any], then: Callable[[Any], object], **how: Any
    ) -> Callable[[], None]:
        raise AssertionError("nothing here may block")

    def left(self, caller: int) -> None:
        """Nothing ever waits."""

    @property
    def timers(self) -> list[Timer]:
        """Those that may still run."""
        self._timers = [each for each in self._timers if each.pending]
        return self._timers

    def advance(self, seconds: float) -> None:
        """Let time pass, and what is due run in its order."""
        end = self.now + seconds
        while due := [each for each in self.timers if each.due <= end]:
            timer = min(due, key=lambda each: each.due)
            timer.pending = False
            self.now = max(self.now, timer.due)
            timer.run()
        self.now = end


class ListCodec:
    """Frames are messages, as a JSON client would read them."""

    serializer = JSON

    def encode(self, head: list[Any], payload: Any) -> list[Any]:
        parts = payload.to(JSON) if payload is not None else ()
        return json.loads(JSON.encode([*head, *parts]))

    encode_event = encode


class NearPeer(Talk):
    """A client without a network; it is its session's link as well."""

    codec = ListCodec()
    transport = "none"

    def __init__(self, world: World, features: tuple[str, ...]) -> None:
        self._inbox: list[list[Any]] = []
        self.budget = Budget("a session", 2**24)
        self.closed = False
        self.session = world.new_session(self)
        self.send(1, "realm1", {"roles": roles(*features)})
        assert [each[0] for each in self.take()] == [2]

    def send(self, *message: Any) -> None:
        self.session.receive(json.dumps(message))

    def unread(self, request: int) -> int:
        return 0

    def write(self, frame: list[Any]) -> None:
        assert not self.closed, f"sent after the end: {frame}"
        self._inbox.append(frame)

    def close(self) -> None:
        self.closed = True

    abort = close

    def take(self) -> list[list[Any]]:
        """What arrived since the last time."""
        messages, self._inbox = self._inbox, []
        return messages

    def register(self, procedure: str, **options: Any) -> int:
        """The registration ID."""
        self.send(REGISTER, next(MARKS), options, procedure)
        [message] = self.take()
        return message[2]

    def unregister(self, registration: int) -> None:
        self.send(UNREGISTER, next(MARKS), registration)
        self.take()

    def call(
        self, procedure: str, *payload: Any, request: int = 1, **options: Any
    ) -> None:
        self.send(CALL, request, options, procedure, *payload)

    def invoked(self) -> list[Any]:
        """The only message since the last time, an INVOCATION: all after its code."""
        [message] = self.take()
        assert message[0] == INVOCATION, message
        return message[1:]

    def leave(self) -> None:
        """Be gone, without a word."""
        self.closed = True
        self.session.lost()


class World:
    """A router without a network, on a clock of ours."""

    def __init__(self, **realm: Any) -> None:
        self.clock = Clock()
        self._choices: list[int] = []
        counter = iter(range(10**6))

        def below(limit: int) -> int:
            if limit < 100 and self._choices:
                return self._choices.pop(0) % limit
            return next(counter) % limit

        self.router = Router([Realm("realm1", **realm)], random_below=below)
        self.router.start(self.clock)

    def choose(self, *choices: int) -> None:
        """What "random" comes up with next."""
        self._choices.extend(choices)

    def new_session(self, link: NearPeer) -> Session:
        return Session(link, self.router)

    def peer(self, *features: str) -> NearPeer:
        """A client that has announced these features."""
        return NearPeer(self, features)

    def held(self) -> list[object]:
        """Everything that belongs to some session, timers too."""
        realm = self.router.snapshot().realms["realm1"]
        return [
            *realm.sessions,
            *realm.subscriptions,
            *realm.registrations,
            *realm.calls,
            *self.clock.timers,
        ]


@pytest.fixture
def world() -> World:
    return World()
