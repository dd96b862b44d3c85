"""picows on uvloop: python picows_app.py PORT"""

from __future__ import annotations

import sys
from typing import Any

import uvloop
from picows import WSFrame, WSListener, WSMsgType, WSTransport, ws_create_server


class Echo(WSListener):  # type: ignore[misc]  # has no annotations
    def on_ws_frame(self, transport: WSTransport, frame: WSFrame) -> None:
        if frame.msg_type is WSMsgType.CLOSE:
            transport.send_close(frame.get_close_code(), frame.get_close_message())
            transport.disconnect()
        else:
            transport.send(frame.msg_type, frame.get_payload_as_memoryview())


async def main() -> None:
    server: Any = await ws_create_server(
        lambda request: Echo(), "127.0.0.1", int(sys.argv[1])
    )
    await server.serve_forever()


uvloop.run(main())
