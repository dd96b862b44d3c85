"""Every example starts, does what it says, and stops at Ctrl-C without a traceback."""

from __future__ import annotations

import asyncio
import json
import sys
from contextlib import closing
from urllib.request import Request, urlopen

import pytest
from websocket import create_connection

from tests.interop.sessions import join, within
from tests.patience import SECONDS
from tests.programs import ROOT, ended, need

EXAMPLES = ROOT / "examples"


@pytest.fixture
def example(start):
    """Start an example on a free port; afterwards it must stop quietly."""
    started = []

    def start_example(name: str):
        started.append(start(sys.executable, f"examples/{name}", "--port", "0"))
        return started[-1]

    yield start_example
    for server in started:
        assert server.stop() == 0
        assert "Traceback" not in server.log.read_text()


def fetch(url: str, data: bytes | None = None) -> str:
    with urlopen(Request(url, data=data), timeout=SECONDS) as response:
        return response.read().decode()


def echoes(url: str, messages: list[str | bytes]) -> list[str | bytes]:
    answers = []
    with closing(create_connection(url, timeout=SECONDS)) as connection:
        for message in messages:
            (connection.send if isinstance(message, str) else connection.send_binary)(
                message
            )
            answers.append(connection.recv())
    return answers


def test_every_example_is_tested():
    """An example that nobody starts is not among these."""
    names = {path.name for path in EXAMPLES.iterdir() if path.suffix != ".pyc"}
    tested = {"echo.py", "wamp_minimal.py", "flask_app.py", "chat"}
    assert names - {"__pycache__"} == tested


def test_echo_example(example):
    """The page is served, and /echo returns text as text and bytes as bytes."""
    server = example("echo.py")
    assert "<h1>Echo</h1>" in fetch(server.http())
    assert echoes(server.ws("/echo"), ["text", "", b"\x00\xff"]) == [
        "text",
        "",
        b"\x00\xff",
    ]


def test_wamp_minimal_example(example):
    """Its procedure adds and publishes the sum; its subscriber prints."""
    server = example("wamp_minimal.py")

    async def scenario():
        async with join(server.ws()) as session:
            events = await session.events("com.example.added")
            assert await within(session.call("com.example.add", 2, 3)) == 5
            args, kwargs, _ = await within(events.get())
            assert (args, kwargs) == ((2, 3), {"total": 5})
            session.publish("com.example.log", "hello")
            line = await within(asyncio.to_thread(server.process.stdout.readline))
            assert line == "log: hello\n"

    asyncio.run(scenario())


def test_flask_example(example):
    """A Flask view calls and publishes; a route of the app stands beside Flask's."""
    server = example("flask_app.py")
    assert "POST /orders" in fetch(server.http())

    async def scenario():
        async with join(server.ws(), "msgpack") as session:
            events = await session.events("com.example.orders")
            form = b"item=tea&quantity=3"
            answer = await asyncio.to_thread(fetch, server.http("/orders"), form)
            expected = {"item": "tea", "quantity": 3, "total": 6}
            assert json.loads(answer) == expected
            args, kwargs, _ = await within(events.get())
            assert (args, kwargs) == (("tea",), {"quantity": 3, "total": 6})

    asyncio.run(scenario())
    assert echoes(server.ws("/echo"), ["text"]) == ["text"]


def test_chat_example(example):
    """The page and autobahn.js are served; its procedures and plain websocket work."""
    need((EXAMPLES / "chat/node_modules/autobahn-browser").is_dir(), "autobahn.js")
    server = example("chat/server.py")
    assert "wsocket chat" in fetch(server.http())
    assert "autobahn" in fetch(server.http("/autobahn.js"))
    assert echoes(server.ws("/echo"), ["hi"]) == ["Python heard: hi"]

    async def scenario():
        async with join(server.ws()) as session:
            events = await session.events("com.example.chat.people")
            people = await within(session.call("com.example.chat.hello", "7", "Ada"))
            assert people == [{"id": "7", "name": "Ada"}]
            assert (await within(events.get()))[0] == (people,)
            await session.register(lambda who: f"hi {who}", "com.example.chat.ring.7")
            answer = await asyncio.to_thread(fetch, server.http("/ring/7"))
            assert answer == "hi Python"
            await asyncio.to_thread(fetch, server.http("/bye/7"))
            assert (await within(events.get()))[0] == ([],)

    asyncio.run(scenario())


@pytest.mark.processes
def test_chat_example_says_what_is_missing(tmp_path):
    """Without its npm package the chat explains what to do instead of failing later."""
    copy = tmp_path / "chat"
    copy.mkdir()
    (copy / "server.py").write_text((EXAMPLES / "chat/server.py").read_text())
    done = ended([sys.executable, str(copy / "server.py"), "--port", "0"])
    assert done.returncode == 2
    assert "npm ci" in done.stderr
