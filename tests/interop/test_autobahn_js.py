"""autobahn.js in Node.js against both servers, and against autobahn-python."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import json
import subprocess
from pathlib import Path
from uuid import uuid4

import pytest
from autobahn.wamp.exception import ApplicationError
from autobahn.wamp.types import CallOptions

from tests.interop.autobahn_js import EXPECTED, WITH_MESSAGEPACK
from tests.interop.sessions import SERIALIZERS, join, within
from tests.programs import ended

SCRIPTS = Path(__file__).parent / "js"
BINARY = bytes(range(256))
JS_SERIALIZERS = ("json", "msgpack", "cbor")
DETAILS = CallOptions(details=True)  # the result is a CallResult


def prefix() -> str:
    return f"com.example.js{uuid4().hex}"


@pytest.fixture(scope="module")
def every_outcome(processes, server, node):
    """All scenarios with each serializer, run once for the tests that look at them."""
    done = ended([*node, "scenarios.mjs", server.ws(), prefix()], cwd=SCRIPTS)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.mark.parametrize("scenario", list(EXPECTED))
@pytest.mark.parametrize("serializer", JS_SERIALIZERS)
def test_autobahn_js_scenario(every_outcome, serializer, scenario):
    """The scenario of this name in js/scenarios/ ends as expected."""
    expected = EXPECTED[scenario]
    if serializer == "msgpack":
        expected = WITH_MESSAGEPACK.get(scenario, expected)
    assert every_outcome[serializer][scenario] == expected


def test_every_scenario_has_an_expectation(every_outcome):
    """No scenario of the scripts goes unchecked, with any serializer."""
    assert every_outcome.keys() == set(JS_SERIALIZERS)
    for outcomes in every_outcome.values():
        assert outcomes.keys() == EXPECTED.keys()


@contextlib.asynccontextmanager
async def peer(node, url):
    """Sessions of autobahn.js with procedures under the URI that this yields."""
    uri = prefix()
    process = await asyncio.create_subprocess_exec(
        *(*node, "peer.mjs", url, uri),
        cwd=SCRIPTS,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    try:
        assert await within(process.stdout.readline()) == b"ready\n"
        yield uri
        process.stdin.close()
        assert await within(process.wait()) == 0
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


async def talk(session, uri):
    """Call, fail and publish, binary included, to and fro."""
    echoed = await within(session.call(f"{uri}.echo", "text", BINARY, key=[1, None]))
    assert echoed.results == ("text", BINARY)
    assert echoed.kwresults == {"key": [1, None]}
    assert await within(session.call(f"{uri}.is_binary", BINARY)) is True
    assert await within(session.call(f"{uri}.is_binary", "text")) is False
    with pytest.raises(ApplicationError) as caught:
        await within(session.call(f"{uri}.refuse", BINARY, reason="no"))
    assert caught.value.error == "com.example.error.js"
    assert (caught.value.args, caught.value.kwargs) == ((BINARY,), {"reason": "no"})
    events = await session.events(f"{uri}.from_js")
    session.publish(f"{uri}.to_js", "text", BINARY, key={"deep": []})
    args, kwargs, _ = await within(events.get())
    assert (args, kwargs) == (("text", BINARY), {"key": {"deep": []}})


def test_autobahn_python_and_autobahn_js_understand_each_other(server, node):
    """Calls, errors and events cross clients and every pair of serializers."""

    async def scenario():
        async with peer(node, server.ws()) as uri:
            for python, js in itertools.product(SERIALIZERS, JS_SERIALIZERS):
                async with join(server.ws(), python) as session:
                    await talk(session, f"{uri}.{js}")

    asyncio.run(scenario())


def test_nothing_that_autobahn_js_returns_is_null_for_others(server, node):
    """In CBOR it returns ``undefined``, which the other serializers do not have."""

    async def scenario():
        async with peer(node, server.ws()) as uri:
            for serializer in ("json", "msgpack"):
                async with join(server.ws(), serializer) as session:
                    nothing = session.call(f"{uri}.cbor.nothing", options=DETAILS)
                    assert (await within(nothing)).results == (None,)
                    call = session.call(
                        "com.example.python.call", f"{uri}.cbor.nothing", None
                    )
                    assert await within(call) is None

    asyncio.run(scenario())
