"""The websockets library: python websockets_app.py asyncio|threads PORT"""

from __future__ import annotations

import asyncio
import sys

from websockets.asyncio.server import ServerConnection as AsyncConnection
from websockets.asyncio.server import serve as serve_asyncio
from websockets.sync.server import ServerConnection, serve

HOST, PORT = "127.0.0.1", int(sys.argv[2])


async def echo_async(ws: AsyncConnection) -> None:
    async for message in ws:
        await ws.send(message)


def echo(ws: ServerConnection) -> None:
    for message in ws:
        ws.send(message)


async def main() -> None:
    async with serve_asyncio(echo_async, HOST, PORT, max_size=None) as server:
        await server.serve_forever()


if sys.argv[1] == "asyncio":
    asyncio.run(main())
else:
    with serve(echo, HOST, PORT, max_size=None) as server:
        server.serve_forever()
