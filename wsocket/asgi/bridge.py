"""Messages between an ASGI server and our end of a websocket, both ways.

Each direction carries one message at a time, and waits until the other side has taken
it: so a client that does not read is noticed by the endpoint, whose outbox has a limit,
and one that sends too fast waits, as on every other server. Large messages are weighed
while they are here (`Limits.memory`)."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import partial
from typing import Any

from wsocket.asgi.refusal import UpgradeAnswer, refuse
from wsocket.core.budget import STEP
from wsocket.core.net.incoming import Incoming
from wsocket.core.net.limits import Limits
from wsocket.core.net.loop import get_loop
from wsocket.core.net.open_connections import OpenConnections
from wsocket.core.net.per_process import PerProcess
from wsocket.core.websocket.client_sending import client_header
from wsocket.core.websocket.frames import (
    BINARY,
    CLOSE,
    CLOSE_CODES,
    NO_STATUS_RECEIVED,
    PING,
    PONG,
    TEXT,
)
from wsocket.core.websocket.server_frames import (
    ServerFrame,
    ServerFrames,
    close_payload,
)

_READ_SIZE = 65536  # bytes
_END_OF_HEAD = b"\r\n\r\n"
_SUBPROTOCOL = "sec-websocket-protocol"


class Held:
    """A large message that is here, charged to the process (`Limits.memory`)."""

    def __init__(self, connections: PerProcess[OpenConnections]) -> None:
        self._incoming = Incoming(get_loop(), lambda: connections.get().memory)
        self._size = 0

    def give_up_by(self, stop: Callable[[], object]) -> None:
        """Call *stop*, on our loop, if the process keeps too much."""
        self._incoming.stop = stop

    async def hold(self, size: int) -> None:
        """The message has *size* bytes; 0 if there is none any more."""
        charged = size if size >= STEP else 0
        if charged != self._size:
            self._size = charged
            await asyncio.to_thread(self._incoming.has, charged)


class SocketBridge:
    """The client's half of a websocket, for an endpoint at the other end of *sock*.

    Args:
        sock: Speaks RFC 6455; the endpoint is about to send its 101 response.
        connections: Their memory is charged with messages that are here.
        limits: `close_timeout` is how long the end of the endpoint is waited for.
    """

    def __init__(
        self,
        sock: socket.socket,
        connections: PerProcess[OpenConnections],
        *,
        limits: Limits,
    ) -> None:
        sock.setblocking(False)
        self._sock = sock
        self._limits = limits
        self._loop = asyncio.get_running_loop()
        self._frames = ServerFrames()
        self._up = Held(connections)
        self._down = Held(connections)

    async def run(self, scope: Mapping[str, Any], receive: Any, send: Any) -> None:
        """Accept the websocket, or refuse it if the endpoint has; then carry messages.

        Returns when either side has ended it.
        """
        head, rest = await self._read_head()
        lines = head.split("\r\n")
        status = lines[0].partition(" ")[2]
        if not status.startswith("101"):
            problem = "503 Service Unavailable"  # it was dropped before it could answer
            await refuse(scope, send, UpgradeAnswer(status or problem))
            return
        fields = dict(line.lower().split(": ", 1) for line in lines[1:])
        await send(
            {"type": "websocket.accept", "subprotocol": fields.get(_SUBPROTOCOL)}
        )
        await self._carry(rest, receive, send)

    async def _read_head(self) -> tuple[str, bytes]:
        """The head of the response, "" if there is none, and the bytes after it."""
        data = b""
        while _END_OF_HEAD not in data:
            part = await self._loop.sock_recv(self._sock, _READ_SIZE)
            if not part:
                return "", b""
            data += part
        head, _, rest = data.partition(_END_OF_HEAD)
        return head.decode("ascii"), rest

    async def _carry(self, rest: bytes, receive: Any, send: Any) -> None:
        up = asyncio.create_task(self._carry_up(receive))
        down = asyncio.create_task(self._carry_down(rest, send))
        for held, task in ((self._up, up), (self._down, down)):
            held.give_up_by(partial(self._loop.call_soon_threadsafe, task.cancel))
        try:
            await asyncio.wait({up, down}, return_when=asyncio.FIRST_COMPLETED)
            if up.done() and not down.done():
                await _end(down)
                await self._discard()
        finally:
            await _end(up)
            await _end(down)
            await self._up.hold(0)
            await self._down.hold(0)

    # From the client to the endpoint

    async def _carry_up(self, receive: Any) -> None:
        """Until the client has left."""
        while True:
            event = await receive()
            if event["type"] == "websocket.disconnect":
                await self._say_closed(event.get("code"))
                return
            text = event.get("text")
            if text is not None:
                await self._write(TEXT, text.encode("utf-8", "surrogatepass"))
            else:
                await self._write(BINARY, event["bytes"])

    async def _say_closed(self, code: int | None) -> None:
        """Tell the endpoint how the client has closed; without a code it was lost."""
        if code is not None and code in {*CLOSE_CODES, NO_STATUS_RECEIVED}:
            await self._write(CLOSE, close_payload(code))
        self._sock.shutdown(socket.SHUT_WR)

    async def _write(self, opcode: int, payload: bytes) -> None:
        header, size = client_header(opcode, len(payload)), len(payload)
        if size < STEP:
            await self._loop.sock_sendall(self._sock, header + payload)
            return
        await self._up.hold(size)
        await self._loop.sock_sendall(self._sock, header)
        await self._loop.sock_sendall(self._sock, payload)
        await self._up.hold(0)

    # From the endpoint to the client

    async def _carry_down(self, data: bytes, send: Any) -> None:
        """Until the endpoint has closed, or has dropped the connection."""
        while True:
            for frame in self._frames.feed(data):
                if frame.opcode == CLOSE:
                    await self._close(frame, send)
                    return
                await self._pass_on(frame, send)
            await self._down.hold(self._frames.size)
            data = await self._loop.sock_recv(self._sock, _READ_SIZE)
            if not data:
                return

    async def _pass_on(self, frame: ServerFrame, send: Any) -> None:
        if frame.opcode == TEXT:
            await send({"type": "websocket.send", "text": frame.payload.decode()})
        elif frame.opcode == BINARY:
            await send({"type": "websocket.send", "bytes": frame.payload})
        elif frame.opcode == PING:
            # Whether the client lives is the server's business. But a client that does
            # not read keeps us from getting here, and so is found out.
            await self._write(PONG, frame.payload)

    async def _close(self, frame: ServerFrame, send: Any) -> None:
        """Have the server close, and answer the endpoint as the client would."""
        code = int.from_bytes(frame.payload[:2], "big") or 1000
        reason = frame.payload[2:].decode()
        await send({"type": "websocket.close", "code": code, "reason": reason})
        await self._write(CLOSE, frame.payload)

    async def _discard(self) -> None:
        """Read until the endpoint has ended, for it would lose what we have sent it."""
        with suppress(OSError, asyncio.TimeoutError):
            await asyncio.wait_for(self._read_to_end(), self._limits.close_timeout)

    async def _read_to_end(self) -> None:
        while await self._loop.sock_recv(self._sock, _READ_SIZE):
            continue


async def _end(task: asyncio.Task[None]) -> None:
    """Cancel *task*, if it runs, and take its error, unless a side was lost."""
    task.cancel()
    with suppress(asyncio.CancelledError, OSError):
        await task
