"""WAMP over a websocket, with websockets, for asyncio."""

from __future__ import annotations

import asyncio
from typing import Any

from wsocket.client.dialing import explained, problems
from wsocket.client.settings import ClientSettings
from wsocket.client.tls_stream import tls_context
from wsocket.errors import ProtocolError
from wsocket.project import installation

try:
    from websockets.asyncio.client import ClientConnection, connect
    from websockets.exceptions import (
        ConnectionClosed,
        InvalidMessage,
        InvalidStatus,
        WebSocketException,
    )
    from websockets.typing import Subprotocol
except ImportError as error:
    raise ImportError(
        "AsyncSession needs the package websockets, 14 or newer, for ws:// and wss://: "
        f"{installation('client')}"
    ) from error

_PROTOCOL_CODES = (1002, 1003, 1007, 1009)  # with which our side ends a connection


class AsyncWebSocket:
    """See `AsyncTransport`."""

    max_size: int | None = None
    pings = True

    def __init__(self, connection: ClientConnection, *, binary: bool) -> None:
        self.code: int | None = None
        self._connection = connection
        self._binary = binary

    async def send(self, data: bytes) -> None:
        try:
            await self._connection.send(data, text=not self._binary)
        except ConnectionClosed as error:
            raise OSError(str(error)) from error

    async def answers(self, timeout: float) -> bool:
        try:
            await asyncio.wait_for(await self._connection.ping(), timeout)
        except asyncio.TimeoutError:
            return False
        except ConnectionClosed as error:
            raise OSError(str(error)) from error
        return True

    async def receive(self) -> str | bytes | None:
        try:
            data = await self._connection.recv()
        except ConnectionClosed as error:
            self.code = None if error.rcvd is None else error.rcvd.code
            sent = error.sent
            if error.rcvd is None and sent is not None and sent.code in _PROTOCOL_CODES:
                raise ProtocolError(sent.reason or f"code {sent.code}") from error
            return None
        if isinstance(data, str) == self._binary:
            expected = "binary" if self._binary else "text"
            raise ProtocolError(f"expected {expected} messages, got another kind")
        return data

    async def close(self) -> None:
        await self._connection.close()

    def shutdown(self) -> None:
        self._connection.transport.abort()


async def open_websocket(settings: ClientSettings) -> AsyncWebSocket:
    """Connect, and shake hands.

    Raises:
        ConnectFailed: That failed; the message says why.
    """
    name = f"wamp.2.{settings.serializer}"
    try:
        with explained(settings):
            connection = await _shaken(settings, name)
    except InvalidStatus as error:
        response = error.response
        location = response.headers.get("Location")
        raise problems().refused_upgrade(
            response.status_code, bytes(response.body or b""), location, settings
        ) from error
    except InvalidMessage as error:
        cause = error.__cause__
        if isinstance(cause, (EOFError, OSError)):
            raise problems().ended(settings) from error
        raise problems().another_answer(str(cause or error), settings) from error
    except WebSocketException as error:
        raise problems().no_router(str(error), settings) from error
    if connection.subprotocol != name:
        await connection.close()
        got = f"expected this subprotocol, got {connection.subprotocol!a:.80}"
        raise problems().no_router(got, settings)
    return AsyncWebSocket(connection, binary=settings.codec.binary)


async def _shaken(settings: ClientSettings, name: str) -> ClientConnection:
    more: dict[str, Any] = {}
    context = tls_context(settings)
    if context is not None:
        more["ssl"] = context
    try:
        return await connect(
            settings.address.url,
            subprotocols=[Subprotocol(name)],
            additional_headers=settings.http_headers,
            origin=settings.origin,  # type: ignore[arg-type] # a str of a type of its own
            compression=None,
            open_timeout=settings.timeout,
            close_timeout=2.0,
            ping_interval=None,  # the engine does that
            max_size=settings.max_message_size,
            **more,
        )
    except asyncio.TimeoutError as error:  # not TimeoutError before Python 3.11
        raise TimeoutError from error
