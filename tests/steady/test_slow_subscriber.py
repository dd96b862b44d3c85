"""One subscriber that does not read delays nobody and costs a bounded amount."""

from __future__ import annotations

import json
import logging
import time

from tests.steady.conftest import Start
from tests.steady.peers import (
    HELLO,
    ask,
    client_text,
    join,
    messages,
    silent_upgrade,
)

SUBSCRIBERS = 1000
EVENTS = 20
PAYLOAD = "x" * 40_000  # bytes: what does not fit into the kernel's buffers


def test_one_stalled_among_a_thousand_subscribers(start: Start) -> None:
    """The others get every event at once, and in order."""
    server = start("patient")
    stalled = silent_upgrade(server.url, "/", subprotocol="wamp.2.json")
    stalled.sendall(client_text(HELLO) + client_text([32, 1, {}, "com.example.topic"]))
    publisher = join(server.ws("/"))
    # Small buffers and small events for the many: the test is about the one.
    many = [join(server.ws("/")) for _ in range(SUBSCRIBERS - 1)]
    for session in many:
        assert ask(session, [32, 1, {}, "com.example.topic"])[0] == 33
    begun = time.monotonic()
    slowest = 0.0
    for number in range(EVENTS):
        sent = time.monotonic()
        publish = [16, number + 1, {}, "com.example.topic", [number]]
        publisher.send(json.dumps(publish))
        for session in many:
            assert json.loads(session.recv())[4] == [number]
        slowest = max(slowest, time.monotonic() - sent)
    logging.info("%d events to all in %.1f s", EVENTS, time.monotonic() - begun)
    assert slowest < 5.0
    for session in [*many, publisher]:
        session.shutdown()
    stalled.close()


def test_events_are_dropped_but_replies_are_not(start: Start) -> None:
    """Oldest first; the answer to a call comes, after the events that are left."""
    server = start("narrow")
    slow = silent_upgrade(server.url, "/", subprotocol="wamp.2.json")
    slow.sendall(client_text(HELLO) + client_text([32, 1, {}, "com.example.topic"]))
    publisher = join(server.ws("/"))
    count = 600  # 24 MB, where 1 MiB may wait, and the kernel takes some
    for number in range(count):
        publish = [16, number + 1, {"acknowledge": True}, "com.example.topic"]
        assert ask(publisher, [*publish, [number, PAYLOAD]])[0] == 17
    slow.sendall(client_text([48, 2, {}, "com.example.none"]))
    numbers = []
    for message in messages(slow):
        if message[0] == 36:
            numbers.append(message[4][0])
        elif message[0] == 8:
            break
    assert numbers == sorted(numbers)
    assert numbers[-1] == count - 1
    assert len(numbers) < count
    slow.close()
    publisher.close()
