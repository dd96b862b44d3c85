"""One subscriber that does not read delays nobody and costs a bounded amount."""

from __future__ import annotations

import json
import time
from contextlib import ExitStack

from tests.steady.conftest import Start
from tests.steady.peers import HELLO, ask, client_text, joined, messages, silent_upgrade

SUBSCRIBERS = 1000
EVENTS = 20
AT_ONCE = 10.0  # seconds for a thousand, on a busy machine; to give one up takes longer
COUNT = 600  # 24 MB, where 1 MiB may wait, and the kernel takes some
PAYLOAD = "x" * 40_000  # bytes: what does not fit into the kernel's buffers


def test_one_stalled_among_a_thousand_subscribers(start: Start) -> None:
    """The others get every event at once, and in order."""
    server = start("patient")
    with (
        silent_upgrade(server.url, "/", subprotocol="wamp.2.json") as stalled,
        joined(server.ws("/")) as publisher,
        ExitStack() as stack,
    ):
        subscribe = [32, 1, {}, "com.example.topic"]
        stalled.sendall(client_text(HELLO) + client_text(subscribe))
        # Small buffers and small events for the many: the test is about the one.
        many = [
            stack.enter_context(joined(server.ws("/"))) for _ in range(SUBSCRIBERS - 1)
        ]
        for session in many:
            assert ask(session, subscribe)[0] == 33
        for number in range(EVENTS):
            sent = time.monotonic()
            publish = [16, number + 1, {}, "com.example.topic", [number]]
            publisher.send(json.dumps(publish))
            for session in many:
                assert json.loads(session.recv())[4] == [number]
            assert time.monotonic() - sent < AT_ONCE


def test_events_are_dropped_but_replies_are_not(start: Start) -> None:
    """Oldest first; the answer to a call comes, after the events that are left."""
    server = start("narrow")
    numbers = []
    with (
        silent_upgrade(server.url, "/", subprotocol="wamp.2.json") as slow,
        joined(server.ws("/")) as publisher,
    ):
        subscribe = [32, 1, {}, "com.example.topic"]
        slow.sendall(client_text(HELLO) + client_text(subscribe))
        for number in range(COUNT):
            publish = [16, number + 1, {"acknowledge": True}, "com.example.topic"]
            assert ask(publisher, [*publish, [number, PAYLOAD]])[0] == 17
        slow.sendall(client_text([48, 2, {}, "com.example.none"]))
        for message in messages(slow):
            if message[0] == 36:
                numbers.append(message[4][0])
            elif message[0] == 8:
                break
    assert numbers == sorted(numbers)
    assert numbers[-1] == COUNT - 1
    assert len(numbers) < COUNT
