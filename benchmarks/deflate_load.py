"""The load of the deflate scenario: an echo client that compresses.

It is written with `websockets`, so it costs more than the servers do. That does not
matter: what is measured is the server's CPU time for each message.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import resource
import sys
import time

from websockets.asyncio.client import ClientConnection, connect


def text_of(size: int) -> str:
    """Text as applications send it: JSON records that resemble each other."""
    records = (
        json.dumps({"sensor": f"room-{n % 7}", "celsius": 20 + n % 9 / 10, "ok": True})
        for n in range(size)
    )
    text = ""
    while len(text) < size:
        text += next(records)
    return text[:size]


def cpu_seconds(pids: list[int]) -> float:
    """User and system time of processes: Linux's clock_getcpuclockid(3)."""
    return sum(time.clock_gettime(~pid << 3 | 2) for pid in pids)


def own_cpu_seconds() -> float:
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


async def echo_for(ws: ClientConnection, seconds: float, *, text: str) -> int:
    """Receive and send on until *seconds* have passed; the number of messages."""
    end = time.monotonic() + seconds
    count = 0
    while time.monotonic() < end:
        if await ws.recv() != text:
            sys.exit("another message than was sent")
        await ws.send(text)
        count += 1
    return count


async def measure(options: argparse.Namespace) -> dict[str, object]:
    text = text_of(options.size)
    pids = [int(pid) for pid in options.pids.split(",")]
    url = f"ws://127.0.0.1:{options.port}{options.path}"
    async with connect(url, compression="deflate") as ws:
        assert ws.response is not None  # it is connected
        agreed = ws.response.headers.get("Sec-WebSocket-Extensions", "")
        if "permessage-deflate" not in agreed:
            sys.exit("the server does not compress")
        for _ in range(options.window):
            await ws.send(text)
        await echo_for(ws, options.warm_up, text=text)
        begin, own, server = time.monotonic(), own_cpu_seconds(), cpu_seconds(pids)
        count = await echo_for(ws, options.seconds, text=text)
        seconds = time.monotonic() - begin
        result = {
            "mode": "deflate",
            "operations": count,
            "seconds": seconds,
            "per_second": count / seconds,
            "load_cpu_seconds": own_cpu_seconds() - own,
            "server_cpu_seconds": cpu_seconds(pids) - server,
            "agreed": agreed,
        }
        for _ in range(options.window):
            if await ws.recv() != text:
                sys.exit("another message than was sent")
    return result


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--path", default="/echo")
    parser.add_argument("--size", type=int, default=1024)
    parser.add_argument("--window", type=int, default=16)
    parser.add_argument("--pids", required=True)
    parser.add_argument("--seconds", type=float, default=2.0)
    parser.add_argument("--warm-up", type=float, default=0.5)
    result = asyncio.run(measure(parser.parse_args()))
    sys.stdout.write(json.dumps(result))


if __name__ == "__main__":
    main()
