"""WAMP over RawSocket, for asyncio."""

from __future__ import annotations

import asyncio
import socket

from wsocket.client.dialing import explained, problems
from wsocket.client.rawsocket_greeting import greeting, reply_in
from wsocket.client.rawsocket_messages import RawSocketMessages
from wsocket.client.settings import ClientSettings
from wsocket.client.tls_stream import tls_context
from wsocket.core.net.tcp_options import disable_nagle, keep_alive
from wsocket.wamp.transports.rawsocket_frames import (
    HANDSHAKE_SIZE,
    MESSAGE,
    PONG,
    RawSocketReply,
    ReplyDecoder,
    encode_frame,
)

_CHUNK = 65536  # bytes


class AsyncRawSocket:
    """See `AsyncTransport`. The kernel finds out if the network is cut."""

    code: int | None = None
    pings = False

    def __init__(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        decoder: ReplyDecoder,
        *,
        max_size: int,
    ) -> None:
        self.max_size: int | None = max_size
        self._reader = reader
        self._writer = writer
        self._messages = RawSocketMessages(decoder, self._pong)

    async def send(self, data: bytes) -> None:
        self._writer.write(encode_frame(MESSAGE, data))
        await self._writer.drain()

    async def answers(self, timeout: float) -> bool:
        return True  # the kernel would know otherwise

    async def receive(self) -> str | bytes | None:
        if not self._messages:
            data = await self._reader.read(_CHUNK)
            if not data:
                return None
            self._messages.feed(data)
        return self._messages.next()

    async def close(self) -> None:
        self._writer.close()
        await self._writer.wait_closed()

    def shutdown(self) -> None:
        self._writer.transport.abort()

    def _pong(self, payload: bytes) -> None:
        self._writer.write(encode_frame(PONG, payload))


async def open_rawsocket(settings: ClientSettings) -> AsyncRawSocket:
    """Connect, and shake hands.

    Raises:
        ConnectFailed: That failed; the message says why.
    """
    with explained(settings):
        try:
            return await asyncio.wait_for(_opened(settings), settings.timeout)
        except asyncio.TimeoutError as error:  # not TimeoutError before Python 3.11
            raise TimeoutError from error


async def _opened(settings: ClientSettings) -> AsyncRawSocket:
    reader, writer = await _connected(settings)
    decoder = ReplyDecoder(max_size=settings.max_message_size)
    try:
        writer.write(greeting(settings))
        reply = await _reply(reader, decoder, settings)
    except BaseException:
        writer.transport.abort()
        raise
    return AsyncRawSocket(reader, writer, decoder, max_size=reply.max_size)


async def _connected(
    settings: ClientSettings,
) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    address, context = settings.address, tls_context(settings)
    name = address.host or None if context is not None else None
    if address.scheme == "unix":
        return await asyncio.open_unix_connection(address.path, ssl=context)
    reader, writer = await asyncio.open_connection(
        address.host, address.port, ssl=context, server_hostname=name
    )
    connected: socket.socket = writer.get_extra_info("socket")
    disable_nagle(connected)
    interval, timeout = settings.ping_interval, settings.ping_timeout
    keep_alive(connected, interval=interval, timeout=timeout)
    return reader, writer


async def _reply(
    reader: asyncio.StreamReader, decoder: ReplyDecoder, settings: ClientSettings
) -> RawSocketReply:
    while data := await reader.read(HANDSHAKE_SIZE - decoder.gathered):
        reply = reply_in(data, decoder, settings)
        if reply is not None:
            return reply
    raise problems().ended(settings)
