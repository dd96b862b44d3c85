"""Connecting a session for asyncio."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from importlib import import_module
from types import TracebackType
from typing import TYPE_CHECKING

from wsocket.client.aio.dispatcher import AsyncDispatcher
from wsocket.client.aio.engine import AsyncEngine
from wsocket.client.aio.session import AsyncSession
from wsocket.client.aio.transport import AsyncOpener
from wsocket.client.connecting import make_core
from wsocket.client.settings import ClientSettings, ConnectOptions
from wsocket.client.states import StateChange
from wsocket.core.checks import check_callable

if TYPE_CHECKING:
    from typing_extensions import Unpack


class AsyncConnecting(AbstractAsyncContextManager["AsyncSession"]):
    """Connects when its block is entered, and closes the session at its end."""

    def __init__(self, session: AbstractAsyncContextManager[AsyncSession]) -> None:
        self._session = session

    async def __aenter__(self) -> AsyncSession:
        return await self._session.__aenter__()

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> bool | None:
        return await self._session.__aexit__(kind, error, trace)

    if not TYPE_CHECKING:  # where this is an error without it

        def __enter__(self) -> None:
            raise TypeError(
                "this is for asyncio: write 'async with connect_async(...) as "
                "session', or 'with connect(...)' in threads"
            )

        __exit__ = __await__ = __enter__


def connect_async(
    url: str,
    realm: str = "realm1",
    *,
    on_state: Callable[[StateChange], object] | None = None,
    **options: Unpack[ConnectOptions],
) -> AsyncConnecting:
    """Connect to a router: ``async with connect_async(url) as session``.

    The first attempt is made once, and its error is raised. After that a lost
    connection is made again.

    Args:
        on_state: Gets each `StateChange`, one after the other; may be async.
        options: Those of `connect`; `ClientSettings` explains them.

    Raises:
        ConnectFailed: There is no router at *url*.
        JoinRefused: The router does not let this client into the realm.
        TypeError, ValueError: An argument is invalid.
        ImportError: A package is missing; the message says which.
    """
    settings = ClientSettings(url, realm, **options)
    if on_state is not None:
        check_callable("on_state", on_state, parameters=("change",), awaited=True)
    return AsyncConnecting(_session(settings, on_state))


@asynccontextmanager
async def _session(
    settings: ClientSettings, on_state: Callable[[StateChange], object] | None
) -> AsyncIterator[AsyncSession]:
    core = make_core(settings)
    opener, dispatcher = _opener(settings), AsyncDispatcher(on_state)
    engine = AsyncEngine(core, settings, opener=opener, dispatcher=dispatcher)
    engine.start()
    try:
        await engine.joining.wait()
        yield AsyncSession(core, engine)
    finally:
        await asyncio.shield(engine.close())


def _opener(settings: ClientSettings) -> AsyncOpener:
    name = "websocket" if settings.address.is_websocket else "rawsocket"
    module = import_module(f"wsocket.client.aio.{name}_transport")
    opener: AsyncOpener = getattr(module, f"open_{name}")
    return opener
