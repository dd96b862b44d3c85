"""autobahn-python's own RawSocket client, over TCP and Unix sockets."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
import txaio
from autobahn.asyncio.component import Component
from autobahn.asyncio.rawsocket import WampRawSocketClientFactory
from autobahn.exception import PayloadExceededError
from autobahn.wamp.exception import ApplicationError
from autobahn.wamp.types import PublishOptions

from tests.interop.sessions import SERIALIZERS, Session, within
from wsocket import Limits

pytestmark = pytest.mark.slow(reason="talks to autobahn for a while")

PAYLOADS = [None, -1, 2**53, 1.5, "žluťoučký 🐎", b"\x00\xff", [1, [{"k": b""}]]]
ACKNOWLEDGE = PublishOptions(acknowledge=True)

every_serializer = pytest.mark.parametrize("serializer", list(SERIALIZERS))
every_transport = pytest.mark.parametrize("transport", ["tcp", "unix"])


@asynccontextmanager
async def join(
    address: str, serializer: str, *, limit: int | None = None, realm: str = "realm1"
) -> AsyncIterator[Session]:
    """Join over RawSocket; leave at the end, and see the connection closed."""
    loop = asyncio.get_running_loop()
    session = Session(realm)
    factory = WampRawSocketClientFactory(
        lambda: session, serializer=SERIALIZERS[serializer]()
    )
    if limit is not None:
        factory.setProtocolOptions(maxMessagePayloadSize=limit)
    txaio.config.loop = loop
    scheme, _, rest = address.partition("://")
    if scheme == "unix":
        await loop.create_unix_connection(factory, rest)
    else:
        host, _, port = rest.rpartition(":")
        await loop.create_connection(factory, host, int(port))
    try:
        await within(session.joined)
        yield session
    finally:
        if session.is_attached():
            session.leave()
        await within(session.disconnected)


@pytest.fixture
def where(transport, address, unix_address) -> str:
    """The address of the listener for *transport*."""
    return {"tcp": address, "unix": unix_address}[transport]


@every_transport
@every_serializer
def test_calls_events_and_payloads(where, serializer, uri):
    """Between two sessions of autobahn's, and with the application's procedures."""

    async def scenario() -> None:
        async with join(where, serializer) as one, join(where, serializer) as two:
            assert (await one.joined).realm == "realm1"
            assert await within(one.call("com.example.add", 2, 3)) == 5
            await one.register(lambda payload: payload, uri)
            for payload in PAYLOADS:
                assert await within(two.call(uri, payload)) == payload
            events = await one.events(uri)
            await within(two.publish(uri, *PAYLOADS, key=1, options=ACKNOWLEDGE))
            args, kwargs, _ = await within(events.get())
            assert list(args) == PAYLOADS
            assert kwargs == {"key": 1}
        assert (await one.left).reason == "wamp.close.goodbye_and_out"

    asyncio.run(scenario())


if hasattr(WampRawSocketClientFactory, "setProtocolOptions"):
    # autobahn 24, the newest one for Python 3.10, has no limits to set.

    @every_serializer
    def test_a_narrow_client_gets_what_it_can_take(address, serializer, uri):
        """autobahn ends a connection on which more comes than it announced."""

        async def scenario() -> None:
            async with (
                join(address, serializer, limit=2048) as narrow,
                join(address, serializer) as wide,
            ):
                events = await narrow.events(uri)
                await narrow.register(lambda text: len(text), uri)
                await within(wide.publish(uri, "x" * 2048, options=ACKNOWLEDGE))
                await within(wide.publish(uri, "small", options=ACKNOWLEDGE))
                assert (await within(events.get()))[0] == ("small",)
                with pytest.raises(PayloadExceededError, match="takes 2048"):
                    await within(wide.call(uri, "x" * 2048))
                assert await within(wide.call(uri, "small")) == 5

        asyncio.run(scenario())


def test_an_unknown_realm_is_refused(address):
    """With the ABORT that says so."""

    async def scenario() -> None:
        async with join(address, "json", realm="com.example.nowhere"):
            pass

    with pytest.raises(ApplicationError) as caught:
        asyncio.run(scenario())
    assert caught.value.error == "wamp.error.no_such_realm"


def test_a_quiet_session_is_not_broken_by_pings(listening):
    """autobahn does not know PING: it would end the connection."""
    limits = Limits(ping_interval=0.2, ping_timeout=0.1)
    address = listening(limits=limits)

    async def scenario() -> None:
        async with join(address, "cbor") as session:
            with pytest.raises(asyncio.TimeoutError):
                await within(asyncio.shield(session.disconnected), 1.0)
            counted = session.call("wamp.session.count")
            assert await within(counted) >= 1

    asyncio.run(scenario())


@every_transport
@every_serializer
def test_a_component_joins(where, serializer):
    """As most programs of autobahn's users do it."""
    scheme, _, rest = where.partition("://")
    endpoint: dict[str, Any] = {"type": "unix", "path": rest}
    if scheme == "tcp":
        host, _, port = rest.rpartition(":")
        endpoint = {"type": "tcp", "host": host, "port": int(port)}
    component = Component(
        realm="realm1",
        transports=[
            {
                "type": "rawsocket",
                "url": "rs://localhost",
                "endpoint": endpoint,
                "serializer": serializer,
                "max_retries": 0,
            }
        ],
    )
    results: list[int] = []

    @component.on_join
    async def joined(session: Any, details: Any) -> None:
        results.append(await session.call("com.example.add", 20, 22))
        await component.stop()

    async def scenario() -> None:
        loop = txaio.config.loop = asyncio.get_running_loop()
        # autobahn takes the end of a RawSocket connection for a failure, though it was
        # its own `leave` that ended it.
        with pytest.raises(RuntimeError, match="Exhausted all transport connect"):
            await within(component.start(loop))

    asyncio.run(scenario())
    assert results == [42]
