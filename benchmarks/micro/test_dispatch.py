"""A message through the router: bytes in, the receivers' frames out."""

from __future__ import annotations

import itertools
import json

import pytest

from benchmarks.micro.world import Client, new_router

PAYLOAD = "x" * 64
PROCEDURE, TOPIC = "com.example.procedure", "com.example.topic"
EVENT, INVOCATION, RESULT = 36, 68, 50


@pytest.mark.parametrize("subscribers", [1, 10, 100, 1000])
def test_publish(benchmark, subscribers):
    """PUBLISH to so many EVENT frames."""
    router = new_router()
    clients = [Client(router) for _ in range(subscribers)]
    for client in clients:
        client.say(32, 1, {}, TOPIC)
        client.take()
    publisher = Client(router)
    message = json.dumps([16, 1, {}, TOPIC, [PAYLOAD]])

    def publish():
        publisher.session.receive(message)
        for client in clients:
            client.frames.clear()

    benchmark(publish)
    publisher.session.receive(message)
    assert [[m[0] for m in client.take()] for client in clients] == (
        [[EVENT]] * subscribers
    )


def test_call(benchmark):
    """CALL to INVOCATION, and YIELD to RESULT."""
    router = new_router()
    callee, caller = Client(router), Client(router)
    callee.say(64, 1, {}, PROCEDURE)
    callee.take()
    caller.take()
    numbers = itertools.count(1)
    result = b""

    def call():
        nonlocal result
        number = next(numbers)
        caller.session.receive(f'[48,{number},{{}},"{PROCEDURE}",["{PAYLOAD}"]]')
        invocation = callee.frames.pop()
        # [68,INVOCATION.Request,...: it counts as the calls do.
        request = invocation[invocation.index(b"[") + 4 :].partition(b",")[0].decode()
        callee.session.receive(f'[70,{request},{{}},["{PAYLOAD}"]]')
        result = caller.frames.pop()

    benchmark(call)
    message = json.loads(result[result.index(b"[") :])
    assert message[0] == RESULT
    assert message[3] == [PAYLOAD]
