"""WAMP sessions of autobahn-python on asyncio, to talk to a running router."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from typing import Any
from urllib.parse import urlsplit

import pytest
import txaio
from autobahn.asyncio.wamp import ApplicationRunner, ApplicationSession
from autobahn.asyncio.websocket import WampWebSocketClientFactory
from autobahn.wamp import serializer as theirs
from autobahn.wamp.exception import ApplicationError
from autobahn.wamp.types import ComponentConfig, SubscribeOptions

from tests.patience import SECONDS

SERIALIZERS = {
    "json": theirs.JsonSerializer,
    "msgpack": theirs.MsgPackSerializer,
    "cbor": theirs.CBORSerializer,
}
# autobahn 24, the newest for Python 3.10, has it only with another package: the older
# form of UBJSON, which the router does not speak.
if hasattr(theirs, "UBJSONSerializer"):
    SERIALIZERS["ubjson"] = theirs.UBJSONSerializer
# Made anew for each session, as above.
BATCHED = {
    f"{name}.batched": partial(serializer, batched=True)
    for name, serializer in SERIALIZERS.items()
}


class Session(ApplicationSession):
    """A session whose life is visible as futures.

    Args:
        login: One of autobahn's authenticators; None is anonymous.
    """

    def __init__(self, realm: str, login: Any = None) -> None:
        super().__init__(ComponentConfig(realm))
        self._login = login
        loop = asyncio.get_running_loop()
        self.joined = loop.create_future()
        self.left = loop.create_future()
        self.disconnected = loop.create_future()

    def onConnect(self) -> None:
        if self._login is None:
            super().onConnect()
        else:
            self.join(
                self.config.realm,
                authmethods=[self._login.name],
                authid=self._login._args.get("authid"),
                authextra=self._login.authextra,
            )

    def onChallenge(self, challenge: Any) -> Any:
        return self._login.on_challenge(self, challenge)

    def onJoin(self, details: Any) -> None:
        self.joined.set_result(details)

    def onLeave(self, details: Any) -> None:
        self.left.set_result(details)
        if not self.joined.done():
            self.joined.set_exception(ApplicationError(details.reason, details.message))
        super().onLeave(details)

    def onClose(self, wasClean: bool) -> None:
        super().onClose(wasClean)
        self.disconnected.set_result(wasClean)
        if not self.joined.done():
            self.joined.set_exception(ConnectionError("closed without an ABORT"))

    async def events(self, topic: str, **options: Any) -> asyncio.Queue[Any]:
        """Subscribe; every event arrives in the queue as (args, kwargs, details)."""
        queue: asyncio.Queue[Any] = asyncio.Queue()

        def on_event(*args: Any, details: Any, **kwargs: Any) -> None:
            queue.put_nowait((args, kwargs, details))

        chosen = SubscribeOptions(details_arg="details", **options)
        await self.subscribe(on_event, topic, options=chosen)
        return queue


async def connect(
    url: str, serializer: str = "json", *, realm: str = "realm1", login: Any = None
) -> Session:
    """Connect and say HELLO; what comes of it is in the futures of the session."""
    loop = asyncio.get_running_loop()
    session = Session(realm, login)
    factory = WampWebSocketClientFactory(
        lambda: session,
        url=url,
        serializers=[{**SERIALIZERS, **BATCHED}[serializer]()],
    )
    # autobahn's own second for the closing handshake can be over after a fifth of it.
    factory.setProtocolOptions(closeHandshakeTimeout=SECONDS)
    factory.loop = txaio.config.loop = loop
    address = urlsplit(url)
    await loop.create_connection(factory, address.hostname, address.port)
    return session


@asynccontextmanager
async def join(
    url: str, serializer: str = "json", **how: Any
) -> AsyncIterator[Session]:
    """Join, as `connect` has it; leave and see a clean end at the end of the block."""
    async with joined(await connect(url, serializer, **how)) as session:
        yield session


@asynccontextmanager
async def join_as_application_runner(url: str) -> AsyncIterator[Session]:
    """Join as most programs do: all serializers and permessage-deflate are offered."""
    runner = ApplicationRunner(url, "realm1")
    session = Session("realm1")
    await runner.run(lambda _: session, start_loop=False)
    async with joined(session):
        yield session


@asynccontextmanager
async def joined(session: Session) -> AsyncIterator[Session]:
    try:
        await within(session.joined)
        yield session
    finally:
        if session.is_attached():
            session.leave()
        clean = await within(session.disconnected)
    assert clean, "the websocket was closed without a closing handshake"


async def within(awaitable: Any, seconds: float = SECONDS) -> Any:
    return await asyncio.wait_for(awaitable, seconds)


async def failure(awaitable: Any) -> ApplicationError:
    """The ERROR of a request that must fail."""
    with pytest.raises(ApplicationError) as caught:
        await within(awaitable)
    return caught.value
