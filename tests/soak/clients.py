"""What the clients of a soak do; they write down what they do and see.

A script is a generator: it sends, and then yields, to get the next answer, or yields
seconds, to go on after them.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Generator
from typing import TYPE_CHECKING, Any

from tests.soak.history import (
    Acknowledged,
    Answered,
    Called,
    Left,
    Lost,
    Published,
    Received,
    Stalled,
    Subscribed,
    Unsubscribed,
)
from tests.soak.wire import JSON, MESSAGEPACK, Connection
from tests.wamp.raw_client import (
    ABORT,
    CALL,
    ERROR,
    EVENT,
    GOODBYE,
    HELLO,
    INVOCATION,
    PUBLISH,
    REGISTER,
    RESULT,
    ROLES,
    SUBSCRIBE,
    UNSUBSCRIBE,
    YIELD,
)

if TYPE_CHECKING:
    from tests.soak.crowd import Crowd

Script = Generator[float | None, Any, None]

SHARED = "com.soak.shared"  # the procedure of the callees
FLOOD = "com.soak.flood"  # the topic of large events
PROCEDURES = ("com.soak.echo", "com.soak.echo", "com.soak.slow", SHARED, SHARED)
PADDING = "x" * 40_000  # of a large event
PAUSE = 0.4  # seconds between the events of one publisher


class Client:
    """One session with its connection; `script` is what it does.

    Attributes:
        number: Its name in the history.
        done: Whether its connection is over.
    """

    small = False  # its buffers

    def __init__(self, crowd: Crowd, number: int, chance: random.Random) -> None:
        self.crowd = crowd
        self.number = number
        self.chance = chance
        self.done = False
        self._request = 0
        self._topics: dict[int, str] = {}
        self._calls: set[int] = set()
        self._script = self.script()
        self._pausing = False  # waits for time, not for an answer
        self.connection = Connection(
            crowd.selector,
            crowd.address,
            JSON if number % 2 else MESSAGEPACK,
            opened=self._go_on,
            received=self._received,
            ended=self._lost,
            small=self.small,
        )

    def script(self) -> Script:
        """What the client does from its HELLO on."""
        raise NotImplementedError

    def note(self, kind: Callable[..., Any], *content: Any) -> None:
        """Write into the history."""
        self.crowd.note(kind(self.crowd.now(), self.number, *content))

    # Steps of scripts

    def join(self) -> Script:
        self.connection.send([HELLO, "realm1", {"roles": ROLES}])
        yield None
        self.crowd.joined += 1

    def subscribe(self, topic: str) -> Generator[None, Any, int]:
        self.connection.send([SUBSCRIBE, self.next_request(), {}, topic])
        answer = yield
        self._topics[answer[2]] = topic
        self.note(Subscribed, topic)
        subscription: int = answer[2]
        return subscription

    def unsubscribe(self, subscription: int) -> Generator[None, Any, None]:
        self.note(Unsubscribed, self._topics[subscription])
        self.connection.send([UNSUBSCRIBE, self.next_request(), subscription])
        yield

    def start_call(self, procedure: str) -> None:
        """Send a call; its answer is written down when it comes."""
        request = self.next_request()
        value = f"{self.number}/{request}"
        self._calls.add(request)
        self.note(Called, request, value)
        self.connection.send([CALL, request, {}, procedure, [value]])

    def call(self, procedure: str) -> Script:
        self.start_call(procedure)
        while self._calls:
            yield None

    def leave(self) -> Script:
        """Say GOODBYE, and read until the router has said it, too."""
        self.note(Left)
        self.connection.send([GOODBYE, {}, "wamp.close.close_realm"])
        yield None
        self.connection.close()
        self._end()

    def next_request(self) -> int:
        self._request += 1
        return self._request

    # What comes

    def _received(self, message: list[Any]) -> None:
        code = message[0]
        if code == EVENT:
            publisher, number = message[4][:2]
            self.note(Received, self._topics[message[1]], publisher, number)
        elif code == INVOCATION:
            self.invoked(message)
        elif code == ABORT or (code == ERROR and message[1] != CALL):
            self.connection.close()
            self._lost(str(message))
        else:
            if code in (RESULT, ERROR):
                self._answered(message)
            if not self._pausing:
                self._go_on(message)

    def _answered(self, message: list[Any]) -> None:
        failed = message[0] == ERROR
        request = message[2] if failed else message[1]
        self._calls.discard(request)
        self.note(Answered, request, None if failed else message[3][0], failed)

    def invoked(self, message: list[Any]) -> None:
        """Answer an invocation."""
        self.connection.send([YIELD, message[1], {}, message[4]])

    def _go_on(self, message: Any = None) -> None:
        """Run the script until it waits again."""
        self._pausing = False
        try:
            pause = self._script.send(message)
        except StopIteration:
            return
        if pause is not None:
            self._pausing = True
            self.crowd.later(pause, self._wake)

    def _wake(self) -> None:
        if not self.done:
            self._go_on()

    def _lost(self, why: str) -> None:
        self.note(Lost, why)
        self._end()

    def kill(self) -> None:
        """Be gone with a reset."""
        self.note(Stalled)
        self.note(Left)
        self.connection.kill()
        self._end()

    def _end(self) -> None:
        self.done = True
        self.crowd.ended(self)


class Publisher(Client):
    """Publishes events, one after the other, until the round ends."""

    def script(self) -> Script:
        yield from self.join()
        topic, numbers = self.topic(), 0
        while not self.crowd.closing:
            numbers += 1
            self.note(Published, topic, numbers)
            options = {"acknowledge": True}
            content = [self.number, numbers, *self.content()]
            self.connection.send(
                [PUBLISH, self.next_request(), options, topic, content]
            )
            yield None
            self.note(Acknowledged, topic, numbers)
            yield PAUSE
        yield from self.leave()

    def topic(self) -> str:
        return self.crowd.topic(self.number)

    def content(self) -> list[str]:
        """What each event has besides its number."""
        return []


class Flooder(Publisher):
    """Publishes large events."""

    def topic(self) -> str:
        return FLOOD

    def content(self) -> list[str]:
        return [PADDING]


class Resident(Client):
    """Stays and reads until the round ends; then it makes sure that nothing is missing.

    The answer to its last call comes after all events that were published before.
    """

    def script(self) -> Script:
        yield from self.join()
        for step in range(2):
            yield from self.subscribe(self.crowd.topic(self.number + step))
        yield from self.stay()
        while not self.crowd.publishers_done:
            yield 0.1
        yield from self.call("com.soak.echo")
        yield from self.leave()

    def stay(self) -> Script:
        while not self.crowd.closing:
            yield 0.5 + self.chance.random()
            yield from self.call(self.chance.choice(PROCEDURES))


class Callee(Resident):
    """Answers calls, too."""

    def stay(self) -> Script:
        options = {"invoke": "roundrobin"}
        self.connection.send([REGISTER, self.next_request(), options, SHARED])
        yield None
        yield from super().stay()


class Visitor(Client):
    """Joins, subscribes, calls, leaves; somebody else comes then."""

    def script(self) -> Script:
        yield from self.join()
        subscription = yield from self.subscribe(self.crowd.topic(self.number))
        for _ in range(self.chance.randrange(1, 4)):
            yield self.chance.random()
            for _ in range(self.chance.randrange(1, 4)):
                self.start_call(self.chance.choice(PROCEDURES))
            while self._calls:
                yield None
        if self.chance.random() < 0.5:
            yield from self.unsubscribe(subscription)
            yield self.chance.random()
        yield from self.leave()


class Victim(Client):
    """Is killed inside a frame, with calls under way, or during the upgrade."""

    def __init__(self, crowd: Crowd, number: int, chance: random.Random) -> None:
        super().__init__(crowd, number, chance)
        if chance.random() < 0.2:
            crowd.later(chance.random() / 100, lambda: self.done or self.kill())

    def script(self) -> Script:
        moment = self.chance.randrange(4)
        if moment > 0:
            yield from self.join()
        if moment > 1:
            yield from self.subscribe(self.crowd.topic(self.number))
            self.note(Stalled)  # what is under way when it is killed, it does not read
        if moment > 2:
            options = {"invoke": "roundrobin"}
            self.connection.send([REGISTER, self.next_request(), options, SHARED])
            yield None
            yield self.chance.random()
            for _ in range(3):
                self.start_call(self.chance.choice(PROCEDURES))
        self.connection.send_part([CALL, self.next_request(), {}, SHARED, ["x" * 99]])
        self.kill()

    def invoked(self, message: list[Any]) -> None:
        """Its invocations are never answered: their callers get an error."""


class Sleeper(Client):
    """Stops reading until it is killed at the end of the round."""

    small = True

    def script(self) -> Script:
        yield from self.join()
        for topic in (FLOOD, self.crowd.topic(self.number)):
            yield from self.subscribe(topic)
            self.note(Stalled)
        for _ in range(3):
            self.start_call("com.soak.slow")
        self.connection.stop_reading()
        while not self.crowd.closing:
            yield 0.5
        self.kill()
