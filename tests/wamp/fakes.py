"""Sessions without a transport, for tests of the router's tables."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from wsocket.core.budget import Budget
from wsocket.wamp.auth import Anonymous, Authenticator, AuthRequest, Identity
from wsocket.wamp.protocol.client_messages import (
    ABSENT,
    Call,
    CallOptions,
    ClientRole,
    ClientRoles,
    Hello,
    HelloDetails,
    Publish,
    PublishOptions,
    Register,
    RegisterOptions,
    Subscribe,
    SubscribeOptions,
    Unsubscribe,
)
from wsocket.wamp.protocol.ids import RandomBelow
from wsocket.wamp.router.config import Realm
from wsocket.wamp.router.router import Router
from wsocket.wamp.router.snapshot import RealmSnapshot
from wsocket.wamp.serializers.base import Payload, Serializer
from wsocket.wamp.serializers.msgpack import MESSAGEPACK
from wsocket.wamp.session.in_process import at_once
from wsocket.wamp.session.session import Session

ALL_ROLES = ClientRoles(
    caller=ClientRole(),
    callee=ClientRole(),
    publisher=ClientRole(),
    subscriber=ClientRole(),
)
HELLO = Hello("realm1", HelloDetails(ALL_ROLES))
# Seconds that a client has to say what it must say.
PATIENCE = 7.0


class FakeCodec:
    """Frames are the messages themselves, as lists."""

    def __init__(self, serializer: Serializer = MESSAGEPACK) -> None:
        self.serializer = serializer

    def encode(self, head: list[Any], payload: Payload | None) -> list[Any]:
        parts = payload.to(self.serializer) if payload is not None else ()
        return [*head, *(self.serializer.unpack(part) for part in parts)]

    encode_event = encode


class FakeLink:
    """Keeps what was written; `ends` says how the session ended it."""

    transport = "none"

    def __init__(
        self, codec: FakeCodec | None = None, budget: Budget | None = None
    ) -> None:
        self.codec = codec or FakeCodec()
        self.budget = budget or Budget("a session", 2**24)
        self.sent: list[list[Any]] = []
        self.ends: list[str] = []

    def unread(self, request: int) -> int:
        return 0

    def write(self, frame: list[Any]) -> None:
        assert not self.ends, f"sent after the end: {frame}"
        self.sent.append(frame)

    def close(self) -> None:
        self.ends.append("close")

    def abort(self) -> None:
        self.ends.append("abort")

    def take(self) -> list[list[Any]]:
        """What was sent since the last time."""
        sent, self.sent = self.sent, []
        return sent


class FakeTimer:
    """A callback that runs when a `FakeRuntime` is told that its time has come."""

    def __init__(self, seconds: float, run: Callable[[], object]) -> None:
        self.seconds = seconds
        self.run = run
        self.pending = True

    def cancel(self) -> None:
        self.pending = False


class FakeRuntime:
    """Time stands still unless a test sets it, and nothing blocks.

    Attributes:
        time_of_day: Seconds since the epoch.
        now: Seconds of the clock that nobody sets.
    """

    def __init__(self) -> None:
        self._timers: list[FakeTimer] = []
        self.time_of_day = 0.0
        self.now = 0.0

    def time(self) -> float:
        return self.time_of_day

    def monotonic(self) -> float:
        return self.now

    def call_later(
        self, seconds: float, callback: Callable[..., object], *args: Any
    ) -> FakeTimer:
        timer = FakeTimer(seconds, lambda: callback(*args))
        self._timers.append(timer)
        return timer

    def in_turns(self, steps: Iterator[object], done: Callable[[], object]) -> None:
        at_once(steps, done)

    def offload(
        self, function: Callable[[], Any], then: Callable[[Any], object], **how: Any
    ) -> Callable[[], None]:
        try:
            outcome = function()
        except Exception as error:
            outcome = error
        then(outcome)
        return lambda: None

    def left(self, caller: int) -> None:
        """Nothing ever waits."""

    @property
    def timers(self) -> list[FakeTimer]:
        """Those that may still run."""
        self._timers = [each for each in self._timers if each.pending]
        return self._timers

    def expire(self) -> float:
        """Run the only timer; the seconds that it was to wait."""
        [timer] = self.timers
        timer.pending = False
        timer.run()
        return timer.seconds


class SteppedRuntime(FakeRuntime):
    """Work that is done in turns waits until the test takes its steps."""

    def __init__(self) -> None:
        super().__init__()
        self._work: list[tuple[Iterator[object], Callable[[], object]]] = []

    def in_turns(self, steps: Iterator[object], done: Callable[[], object]) -> None:
        self._work.append((steps, done))

    def step(self) -> None:
        """Take one step of all work that is under way."""
        work, self._work = self._work, []
        for steps, done in work:
            try:
                next(steps)
            except StopIteration:
                done()
            else:
                self._work.append((steps, done))

    def finish(self) -> None:
        """Take all steps."""
        while self._work:
            self.step()


def counting_below(start: int = 0) -> RandomBelow:
    """A stand-in for `secrets.randbelow` that counts."""
    counter = itertools.count(start)
    return lambda limit: next(counter) % limit


class Named:
    """Lets in whoever asks for an authid, under that name."""

    method = "named"

    def begin(self, request: AuthRequest) -> Identity | None:
        if request.authid is None:
            return None
        return Identity(request.authid, "anonymous")


class World:
    """A router with one realm, and what it was given of the world."""

    def __init__(
        self,
        random_below: RandomBelow | None = None,
        *,
        auth: Sequence[Authenticator] = (Named(), Anonymous()),
        runtime: FakeRuntime | None = None,
        **rules: Any,
    ) -> None:
        self.runtime = runtime or FakeRuntime()
        self.router = Router(
            [Realm("realm1", auth=auth, **rules)],
            random_below=random_below or counting_below(1000),
            join_timeout=PATIENCE,
        )
        self.router.start(self.runtime)

    @property
    def realm(self) -> RealmSnapshot:
        """What the realm holds now."""
        return self.router.snapshot().realms["realm1"]

    def held(self) -> list[object]:
        """Everything in the realm that belongs to some session."""
        realm = self.realm
        return [
            *realm.sessions,
            *realm.subscriptions,
            *realm.registrations,
            *realm.calls,
        ]


class Member:
    """A session in a realm that is driven by messages, without bytes."""

    def __init__(
        self,
        world: World,
        *,
        authid: str | None = None,
        budget: Budget | None = None,
        roles: ClientRoles = ALL_ROLES,
    ) -> None:
        self.link = FakeLink(budget=budget)
        self.session = Session(self.link, world.router)
        self.session.handle(Hello("realm1", HelloDetails(roles, authid=authid)))
        assert [each[0] for each in self.link.take()] == [2]

    def take(self) -> list[list[Any]]:
        return self.link.take()

    def subscribe(
        self,
        topic: str,
        match: Any = "exact",
        *,
        request: int = 1,
        get_retained: bool = False,
    ) -> None:
        options = SubscribeOptions(match=match, get_retained=get_retained)
        self.session.handle(Subscribe(request, options, topic))

    def unsubscribe(self, subscription: int, *, request: int = 1) -> None:
        self.session.handle(Unsubscribe(request, subscription))

    def publish(self, topic: str, *args: Any, **options: Any) -> None:
        part = MESSAGEPACK.pack(list(args)) if args else ABSENT
        self.session.handle(Publish(1, PublishOptions(**options), topic, part))

    def register(
        self, procedure: str, invoke: Any = "single", *, request: int = 1
    ) -> None:
        options = RegisterOptions(invoke=invoke)
        self.session.handle(Register(request, options, procedure))

    def call(self, procedure: str, request: int, *args: Any) -> None:
        part = MESSAGEPACK.pack(list(args)) if args else ABSENT
        self.session.handle(Call(request, CallOptions(), procedure, part))

    def disconnect(self) -> None:
        self.session.lost()
