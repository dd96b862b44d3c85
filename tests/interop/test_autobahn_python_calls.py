"""Calls of the Advanced Profile with autobahn-python, on both servers."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from autobahn.wamp.types import (
    CallOptions,
    RegisterOptions,
)

from tests.interop.sessions import SECONDS, SERIALIZERS, failure, join, within

DETAILS = RegisterOptions(details_arg="details")

every_serializer = pytest.mark.parametrize("serializer", list(SERIALIZERS))


class Slow:
    """A procedure that waits to be finished, or interrupted."""

    def __init__(self) -> None:
        loop = asyncio.get_running_loop()
        self.started = loop.create_future()
        self.finish = loop.create_future()

    def __call__(self) -> asyncio.Future[str]:
        self.started.set_result(None)
        return self.finish

    async def interrupted(self) -> None:
        """Wait for INTERRUPT, on which autobahn-python cancels the future."""
        await asyncio.wait([self.finish], timeout=SECONDS)
        assert self.finish.cancelled()


@every_serializer
def test_progressive_results(server, serializer, uri):
    """From a client to a client, from Python and to Python; none that nobody wants."""

    async def count(most, details):
        for number in range(1, most + 1):
            if details.progress:
                details.progress(number, twice=2 * number)
        return "end"

    async def scenario():
        heard: list[Any] = []
        wanted = CallOptions(on_progress=lambda *args, **kw: heard.append((args, kw)))
        async with (
            join(server.ws(), serializer) as one,
            join(server.ws(), serializer) as two,
        ):
            await two.register(count, uri, options=DETAILS)
            assert await within(one.call(uri, 3, options=wanted)) == "end"
            assert heard == [((n,), {"twice": 2 * n}) for n in (1, 2, 3)]
            assert await within(one.call(uri, 3)) == "end"
            assert len(heard) == 3
            heard.clear()
            await within(one.call("com.example.python.count", 2, options=wanted))
            assert heard == [((1,), {}), ((2,), {})]
            collected = await within(one.call("com.example.python.collect", uri, 2))
            assert [len(collected[0]), collected[1]] == [2, "end"]

    asyncio.run(scenario())


@every_serializer
def test_canceled_call(server, serializer, uri):
    """Future.cancel sends CANCEL: the callee is interrupted, and both go on."""

    async def scenario():
        async with (
            join(server.ws(), serializer) as one,
            join(server.ws(), serializer) as two,
        ):
            slow = Slow()
            await two.register(slow, uri)
            call = one.call(uri)
            await within(slow.started)
            call.cancel()
            await slow.interrupted()
            for session in (one, two):
                assert await within(session.call("com.example.python.add", 1, 2)) == 3

    asyncio.run(scenario())


@every_serializer
def test_call_timeout(server, serializer, uri):
    """In milliseconds; the callee is interrupted."""

    async def scenario():
        async with (
            join(server.ws(), serializer) as one,
            join(server.ws(), serializer) as two,
        ):
            slow = Slow()
            await two.register(slow, uri)
            call = one.call(uri, options=CallOptions(timeout=30))
            assert (await failure(call)).error == "wamp.error.timeout"
            await slow.interrupted()
            assert await within(two.call("com.example.python.add", 1, 2)) == 3

    asyncio.run(scenario())


def test_caller_that_leaves_has_its_callee_interrupted(server, uri):
    """INTERRUPT with ``killnowait``; a callee that leaves ends the call."""

    async def scenario():
        async with join(server.ws()) as callee:
            slow = Slow()
            await callee.register(slow, uri)
            async with join(server.ws()) as caller:
                ended = caller.call(uri)
                await within(slow.started)
            assert (await failure(ended)).error == "wamp.close.goodbye_and_out"
            await slow.interrupted()
        async with join(server.ws()) as caller:
            async with join(server.ws()) as callee:
                slow = Slow()
                await callee.register(slow, uri)
                ended = caller.call(uri)
                await within(slow.started)
            assert (await failure(ended)).error == "wamp.error.canceled"

    asyncio.run(scenario())


@every_serializer
def test_pattern_based_and_shared_registration(server, serializer, uri):
    """The callee learns what was called; several take turns."""

    def named(name):
        return lambda details: [name, details.procedure.removeprefix(uri)]

    async def scenario():
        async with (
            join(server.ws(), serializer) as one,
            join(server.ws(), serializer) as two,
        ):
            for match, pattern in (("prefix", ".a"), ("wildcard", "..b")):
                options = RegisterOptions(match=match, details_arg="details")
                await two.register(named(match), uri + pattern, options=options)
            called = [await within(one.call(uri + end)) for end in (".ab", ".z.b")]
            assert called == [["prefix", ".ab"], ["wildcard", ".z.b"]]
            for policy, turns in (
                ("roundrobin", [1, 2, 1, 2]),
                ("first", [1, 1, 1, 1]),
                ("last", [2, 2, 2, 2]),
            ):
                options = RegisterOptions(invoke=policy)
                await one.register(lambda: 1, f"{uri}.{policy}", options=options)
                await two.register(lambda: 2, f"{uri}.{policy}", options=options)
                procedure = f"{uri}.{policy}"
                assert [await within(one.call(procedure)) for _ in turns] == turns

    asyncio.run(scenario())


@every_serializer
def test_concurrency_limit(server, serializer, uri):
    """A callee that has as many calls as it registered for is not called."""

    async def scenario():
        async with (
            join(server.ws(), serializer) as one,
            join(server.ws(), serializer) as two,
        ):
            slow = Slow()
            await two.register(slow, uri, options=RegisterOptions(concurrency=1))
            first = one.call(uri)
            await within(slow.started)
            error = await failure(one.call(uri))
            assert error.error == "wamp.error.no_available_callee"
            slow.finish.set_result("first")
            assert await within(first) == "first"

    asyncio.run(scenario())


@every_serializer
def test_registration_is_taken_over_and_revoked(server, serializer, uri):
    """By force_reregister, to and fro, and by the meta API: the connection survives."""

    async def scenario():
        force = RegisterOptions(force_reregister=True)
        async with (
            join(server.ws(), serializer) as one,
            join(server.ws(), serializer) as two,
        ):
            for turn, session in enumerate([one, two, one, two]):
                made = await session.register(lambda n=turn: n, uri, options=force)
                assert await within(two.call(uri)) == turn
            me = (await two.joined).session
            await one.call("wamp.registration.remove_callee", made.id, me)
            error = await failure(one.call(uri))
            assert error.error == "wamp.error.no_such_procedure"
            await two.register(lambda: "again", uri)
            assert await within(one.call(uri)) == "again"

    asyncio.run(scenario())
