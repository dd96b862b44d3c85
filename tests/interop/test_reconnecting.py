"""Clients that come back by themselves when the server is started again."""

from __future__ import annotations

import asyncio
import contextlib
import json
import signal
import subprocess
from urllib.parse import urlsplit
from uuid import uuid4

import pytest

from tests.interop.sessions import join, within
from tests.interop.test_autobahn_js import SCRIPTS
from tests.patience import SECONDS
from tests.programs import app_commands, running

APP = "tests.wamp.apps.bare"


@contextlib.asynccontextmanager
async def page(node, url, uri):
    """The client in js/reconnect.mjs; yields a function that reads its next line."""
    process = await asyncio.create_subprocess_exec(
        *(*node, "reconnect.mjs", url, uri),
        cwd=SCRIPTS,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )

    async def line():
        return json.loads(await within(process.stdout.readline()))

    try:
        yield line
        process.stdin.close()
        assert await line() == ["close", "closed", "wamp.close.goodbye_and_out", False]
        assert await within(process.wait()) == 0
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


async def greet(url, uri):
    """Call the page's procedure and publish to it, from another client."""
    async with join(url) as session:
        assert await within(session.call(uri)) == "here"
        session.publish(uri, "hello")


@pytest.mark.parametrize("kind", ["threads", "gevent"])
def test_autobahn_js_comes_back_after_a_restart(node, tmp_path, kind):
    """SIGTERM closes with 1012 and no GOODBYE: its onopen runs again, unaided."""
    uri = f"com.example.t{uuid4().hex}"

    async def scenario():
        with contextlib.ExitStack() as stack:
            first = stack.enter_context(
                running(app_commands(APP)[kind], tmp_path / "first")
            )
            async with page(node, first.ws(), uri) as line:
                assert await line() == ["open"]
                await greet(first.ws(), uri)
                assert await line() == ["event", "hello"]
                first.process.send_signal(signal.SIGTERM)
                assert await line() == ["close", "closed", None, True]
                assert first.process.wait(SECONDS) == 0
                commands = app_commands(APP, port=urlsplit(first.url).port)
                again = stack.enter_context(
                    running(commands[kind], tmp_path / "second")
                )
                assert again.url == first.url
                assert await line() == ["open"]
                await greet(again.ws(), uri)
                assert await line() == ["event", "hello"]

    asyncio.run(scenario())
    for name in ("first", "second"):
        assert "Traceback" not in (tmp_path / name).read_text()
