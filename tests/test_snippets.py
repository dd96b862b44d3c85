"""The programs in README.md and docs, run as they stand there."""

from __future__ import annotations

import asyncio
import contextlib
import json
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from types import SimpleNamespace
from urllib.request import urlopen

import pytest
from autobahn.wamp.auth import create_authenticator
from autobahn.wamp.types import CallOptions, PublishOptions
from websocket import create_connection

from tests.interop.sessions import failure, join, within
from tests.patience import SECONDS
from tests.programs import ROOT, ended, running, started
from tests.serving import serving
from wsocket import WSocketApp
from wsocket.testing import Client, ConversationFailure

JS = ROOT / "tests/interop/js"
ACKNOWLEDGE = PublishOptions(acknowledge=True)


def snippet(path: str, language: str, mark: str) -> str:
    """The only piece of code in *language* that has *mark* in it."""
    text = (ROOT / path).read_text()
    found = re.findall(rf"```{language}\n(.*?)```", text, re.DOTALL)
    [code] = [each for each in found if mark in each]
    return code


@pytest.fixture
def program(processes, tmp_path, monkeypatch):
    """Run a snippet that ends in ``run(app)``, on a free port."""

    def run_snippet(path: str, mark: str):
        code = snippet(path, "python", mark)
        assert code.count("run(app)") == 1
        source = code.replace("run(app)", "run(app, port=0)")
        command = [sys.executable, "-c", source]
        return running(command, tmp_path / "log", cwd=tmp_path)

    yield run_snippet
    assert "Traceback" not in (tmp_path / "log").read_text()


def test_first_program_of_the_readme(program):
    """Its page and its procedures; tests/interop has a browser that shows the page."""

    async def scenario(url):
        async with join(url) as session:
            assert await within(session.call("com.example.add", 2, 3)) == 5
            said = await session.events("com.example.said")
            await within(session.call("com.example.say", "hello"))
            assert (await within(said.get()))[0] == ("hello",)

    with program("README.md", "PAGE = ") as server:
        with urlopen(server.http(), timeout=SECONDS) as response:
            assert response.headers["Content-Type"] == "text/html; charset=utf-8"
            assert b"<title>wsocket</title>" in response.read()
        asyncio.run(scenario(server.ws()))


def test_plain_websocket_of_the_readme():
    """The route stands for itself."""
    app = WSocketApp()
    exec(snippet("README.md", "python", "wsgi.websocket"), {"app": app})
    with (
        serving(app) as url,
        closing(create_connection(f"{url}echo", timeout=SECONDS)) as connection,
    ):
        connection.send("echo")
        assert connection.recv() == "echo"


def test_first_program_of_the_router(program, node):
    """With the client that stands below it, and with another."""

    async def scenario(url):
        async with join(url) as session:
            error = await failure(session.call("com.example.divide", 1, 0))
            assert error.error == "com.example.error.division_by_zero"
            assert error.args == (1,)
            await session.publish("com.example.chat.room", "hello", options=ACKNOWLEDGE)

    with program("docs/wamp.md", "com.example.divide") as server:
        page = snippet("docs/wamp.md", "js", "com.example.divide")
        with javascript(node, page, server.ws()) as client:
            assert client.stdout.readline() == "0.5\n"
        asyncio.run(scenario(server.ws()))
        assert server.process.stdout.readline() == "com.example.chat.room hello\n"


def test_callee_of_autobahn_js(program, node):
    """The one in "With autobahn.js" gives progress to who wants it."""

    async def scenario(url):
        heard: list[int] = []
        wanted = CallOptions(on_progress=heard.append)
        async with join(url) as session:
            registered = await session.events("wamp.registration.on_register")
            with javascript(node, page, url):
                if await session.call("wamp.registration.lookup", uri) is None:
                    await within(registered.get())
                assert await within(session.call(uri, 3)) is None
                assert await within(session.call(uri, 3, options=wanted)) is None
        assert heard == [1, 2, 3]

    uri = "com.example.count"
    page = snippet("docs/wamp.md", "js", uri)
    with program("docs/wamp.md", "com.example.divide") as server:
        asyncio.run(scenario(server.ws()))


@contextlib.contextmanager
def javascript(node, page: str, url: str) -> Iterator[subprocess.Popen[str]]:
    """Run a page's script, with its server at *url*, until the block ends."""
    assert '"ws://127.0.0.1:8080/"' in page
    script = page.replace("ws://127.0.0.1:8080/", url)
    load = 'import "./environment.mjs"; import autobahn from "autobahn";'
    command = [*node, "--input-type=module", "-e", load + script]
    with started(command, cwd=JS, stop=signal.SIGKILL) as process:
        yield process


def test_realm_of_the_documentation():
    """A guest, a sensor and a user of the site may do what it says."""
    user = SimpleNamespace(name="ada")
    names = {"session_of": {"sid=1": user}.get, "SECRET": "secret"}
    exec(snippet("docs/wamp.md", "python", "WebLogin(logged_in)"), names)

    async def scenario(url):
        login = create_authenticator("ticket", authid="sensor1", ticket="secret")
        async with join(url) as guest, join(url, login=login) as sensor:
            assert (await guest.joined).authrole == "guest"
            await guest.subscribe(print, "com.example.public.news")
            error = await failure(guest.subscribe(print, "com.example.reading"))
            assert error.error == "wamp.error.not_authorized"
            assert (await sensor.joined).authrole == "sensor"
            await sensor.publish("com.example.reading", 20.5, options=ACKNOWLEDGE)

    with serving(names["app"]) as url:
        asyncio.run(scenario(url))
        connection = create_connection(
            url, timeout=SECONDS, cookie="sid=1", subprotocols=["wamp.2.json"]
        )
        with closing(connection):
            connection.send('[1, "realm1", {"roles": {"caller": {}}}]')
            code, _, details = json.loads(connection.recv())
        assert (code, details["authid"], details["authrole"]) == (2, "ada", "user")


def test_suite_of_the_documentation(processes, tmp_path, monkeypatch):
    """The files of docs/testing.md are a test suite, and it passes."""
    text = (ROOT / "docs/testing.md").read_text()
    files = re.findall(r"```python\n# (\w+\.py)\n(.*?)```", text, re.DOTALL)
    for name, source in files:
        (tmp_path / name).write_text(source)
    (tmp_path / "pytest.ini").write_text("[pytest]\nfilterwarnings = error\n")
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")  # quicker
    command = [sys.executable, "-m", "pytest", "-p", "wsocket"]
    done = ended(command, cwd=tmp_path)
    assert done.returncode == 0, done.stdout
    tests = sum(source.count("def test_") for _, source in files)
    assert f"{tests} passed" in done.stdout
    assert tests >= 10


def test_failure_of_the_documentation():
    """The test of "When a test fails" fails as it says there."""
    names: dict[str, object] = {}
    exec(snippet("docs/testing.md", "python", "# myapp.py"), names)
    failing = snippet("docs/testing.md", "python", "# in a test")
    with Client(names["app"]) as client, pytest.raises(ConversationFailure) as failure:
        exec(failing, {"client": client})
    printed = snippet("docs/testing.md", "text", "expected nothing")
    assert f"{failure.value}\n" == printed
