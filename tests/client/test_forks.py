"""A session that a fork inherits, as workers do that are forked after `connect`."""

from __future__ import annotations

import sys

import pytest

from tests.programs import ended

THREADS = """
import os, sys
from wsocket.client import ConnectionLost, connect

session = connect(sys.argv[1])
subscription = session.subscribe("com.example.topic", print)
registration = session.register("com.example.procedure", print)
pending = session.start_call("com.example.add", 1, 2)
asks = [
    lambda: session.call("com.example.add", 1, 2),
    lambda: session.start_call("com.example.add", 1, 2),
    lambda: list(session.call_progress("com.example.add", 1, 2)),
    lambda: session.publish("com.example.topic", 1),
    lambda: session.publish("com.example.topic", 1, acknowledge=True),
    lambda: session.subscribe("com.example.other", print),
    lambda: session.register("com.example.other", print),
    lambda: session.wait(),
    lambda: pending.result(),
    lambda: pending.cancel(),
    lambda: list(pending),
    lambda: subscription.unsubscribe(),
    lambda: registration.unregister(),
]
if os.fork() == 0:
    for ask in asks:
        try:
            ask()
        except ConnectionLost as error:
            print(error)
    print(session.state, session.id)
    session.close()  # of no effect
    sys.stdout.flush()
    os._exit(0)
os.wait()
print(pending.result(), session.call("com.example.add", 3, 4), session.state)
subscription.unsubscribe()
registration.unregister()
session.close()
"""

ASYNCIO = """
import asyncio, os, sys
from wsocket.client import ConnectionLost, connect_async

async def gathered(results):
    return [each async for each in results]

async def child(session, pending, subscription, registration):
    asks = [
        lambda: session.call("com.example.add", 1, 2),
        lambda: gathered(session.call_progress("com.example.add", 1, 2)),
        lambda: session.publish("com.example.topic", 1),
        lambda: session.publish("com.example.topic", 1, acknowledge=True),
        lambda: session.subscribe("com.example.other", print),
        lambda: session.register("com.example.other", print),
        lambda: session.wait(),
        lambda: pending.result(),
        lambda: gathered(pending),
        lambda: subscription.unsubscribe(),
        lambda: registration.unregister(),
    ]
    for ask in asks:
        try:
            await ask()
        except ConnectionLost as error:
            print(error)
    for ask in (lambda: session.start_call("com.example.add", 1, 2), pending.cancel):
        try:
            ask()
        except ConnectionLost as error:
            print(error)
    print(session.state, session.id)
    await session.close()  # of no effect
    sys.stdout.flush()
    os._exit(0)

async def main():
    async with connect_async(sys.argv[1]) as session:
        subscription = await session.subscribe("com.example.topic", print)
        registration = await session.register("com.example.procedure", print)
        pending = session.start_call("com.example.add", 1, 2)
        if os.fork() == 0:
            await child(session, pending, subscription, registration)
        os.wait()
        results = await pending.result(), await session.call("com.example.add", 3, 4)
        print(*results, session.state)
        await subscription.unsubscribe()
        await registration.unregister()

asyncio.run(main())
"""


@pytest.mark.processes
@pytest.mark.parametrize("program", [THREADS, ASYNCIO], ids=["threads", "asyncio"])
@pytest.mark.parametrize("scheme", ["ws", "tcp"])
def test_fork_is_told_to_connect_itself(place, program, scheme):
    """At once, whatever it asks for; the parent goes on."""
    done = ended([sys.executable, "-c", program, getattr(place, scheme)])
    *refused, state, parent = done.stdout.splitlines()
    assert len(refused) == 13, done.stderr
    for line in refused:
        assert line.startswith("this session was made in another process")
        assert line.endswith("connect after the fork, in each process")
    assert state == "closed None"
    assert (parent, done.returncode) == ("3 7 joined", 0), done.stderr
