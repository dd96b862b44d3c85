"""A little load: batches of calls and of events, counted, not timed.

websocket-client opens the connections and masks the frames; what comes back is split
into frames here, because it would take that client longer than the servers.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from typing import Any

import websocket
from websocket import ABNF

from tests.wamp.raw_client import (
    CALL,
    EVENT,
    HELLO,
    INVOCATION,
    PUBLISH,
    REGISTER,
    REGISTERED,
    RESULT,
    ROLES,
    SECONDS,
    SUBSCRIBE,
    SUBSCRIBED,
    WELCOME,
    YIELD,
)

PROCEDURE, TOPIC = "com.example.procedure", "com.example.topic"
PAYLOAD = "x" * 64
READ_SIZE = 65536


class Peer:
    """A session that sends messages in batches."""

    def __init__(self, url: str) -> None:
        self._ws = websocket.create_connection(
            url, subprotocols=["wamp.2.json"], timeout=SECONDS
        )
        self._rest = b""
        self.send([[HELLO, "realm1", {"roles": ROLES}]])
        assert self.receive(1)[0][0] == WELCOME

    def send(self, messages: list[list[Any]]) -> None:
        """Send messages in one piece."""
        frames = (
            ABNF.create_frame(json.dumps(message), ABNF.OPCODE_TEXT).format()
            for message in messages
        )
        self._ws.sock.sendall(b"".join(frames))

    def receive(self, count: int) -> list[list[Any]]:
        """The next *count* messages."""
        messages: list[list[Any]] = []
        while True:
            messages.extend(self._whole_messages())
            if len(messages) >= count:
                assert len(messages) == count
                return messages
            data = self._ws.sock.recv(READ_SIZE)
            assert data, "the server closed the connection"
            self._rest += data

    def _whole_messages(self) -> Iterator[list[Any]]:
        """Take the complete frames, which are unmasked and under 64 KiB."""
        data, start = self._rest, 0
        while len(data) >= start + 4:
            first, length, begin = data[start], data[start + 1], start + 2
            assert first == 0x81, "expected a whole text message"
            if length == 126:
                length, begin = (
                    int.from_bytes(data[begin : begin + 2], "big"),
                    begin + 2,
                )
            if len(data) < begin + length:
                break
            start = begin + length
            yield json.loads(data[begin:start])
        self._rest = data[start:]

    def close(self) -> None:
        self._ws.shutdown()


class Calls:
    """One caller, and one callee that returns the arguments."""

    batch = 64

    def __init__(self, url: str) -> None:
        self._caller, self._callee = Peer(url), Peer(url)
        self._callee.send([[REGISTER, 1, {}, PROCEDURE]])
        assert self._callee.receive(1)[0][0] == REGISTERED
        self._last = 0

    def run(self) -> int:
        """Make a batch of calls; how many."""
        requests = range(self._last + 1, self._last + 1 + self.batch)
        self._last += self.batch
        self._caller.send([[CALL, n, {}, PROCEDURE, [n, PAYLOAD]] for n in requests])
        invocations = self._callee.receive(self.batch)
        assert {message[0] for message in invocations} == {INVOCATION}
        self._callee.send([[YIELD, m[1], {}, m[4]] for m in invocations])
        results = self._caller.receive(self.batch)
        expected = [[RESULT, n, [n, PAYLOAD]] for n in requests]
        assert [[m[0], m[1], m[3]] for m in results] == expected
        return self.batch

    def close(self) -> None:
        self._caller.close()
        self._callee.close()


class Events:
    """One publisher, and subscribers of its topic."""

    batch = 16
    subscribers = 50

    def __init__(self, url: str) -> None:
        self._publisher = Peer(url)
        self._subscribers = [Peer(url) for _ in range(self.subscribers)]
        for each in self._subscribers:
            each.send([[SUBSCRIBE, 1, {}, TOPIC]])
            assert each.receive(1)[0][0] == SUBSCRIBED
        self._last = 0

    def run(self) -> int:
        """Publish a batch of events; how many were delivered."""
        requests = range(self._last + 1, self._last + 1 + self.batch)
        self._last += self.batch
        self._publisher.send([[PUBLISH, n, {}, TOPIC, [n, PAYLOAD]] for n in requests])
        expected = [[EVENT, [n, PAYLOAD]] for n in requests]
        for each in self._subscribers:
            events = each.receive(self.batch)
            assert [[m[0], m[4]] for m in events] == expected
        return self.batch * self.subscribers

    def close(self) -> None:
        for each in (self._publisher, *self._subscribers):
            each.close()


def cpu_seconds(pid: int) -> float:
    """CPU time of another process, all its threads: Linux's clock_getcpuclockid(3)."""
    return time.clock_gettime(~pid << 3 | 2)
