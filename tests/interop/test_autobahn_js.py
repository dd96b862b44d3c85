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

from tests.interop.sessions import SERIALIZERS, join, within

SCRIPTS = Path(__file__).parent / "js"
BINARY = bytes(range(256))

EXPECTED = {
    "join": {"realm": "realm1", "roles": ["broker", "dealer"]},
    "call_python": {
        "sum": 5,
        "both": {"args": [1, "two"], "kwargs": {"three": [3]}},
        "nothing": {"args": [], "kwargs": {}},
    },
    "call_client": {"args": ["two", 1], "kwargs": {"key": None}},
    "errors": {
        "client": {
            "error": "com.example.error.no",
            "args": [1],
            "kwargs": {"reason": "because"},
        },
        "python": {
            "error": "com.example.error.refused",
            "args": [1],
            "kwargs": {"why": "no"},
        },
        "crash": "wamp.error.runtime_error",
        "unknown": "wamp.error.no_such_procedure",
        "taken": "wamp.error.procedure_already_exists",
        "realm": "wamp.error.no_such_realm",
    },
    "unregister": {"before": "alive", "after": "wamp.error.no_such_procedure"},
    "publish": {
        "args": ["text"],
        "kwargs": {"key": 1},
        "same": True,
        "second": ["unacknowledged"],
    },
    "exclude_me": ["for me"],
    "unsubscribe": {"before": ["before"], "kept": ["kept"], "after": False},
    "binary": {"echoed": True, "event": True},
    "order": list(range(200)),
    "called_by_python": "TEXT",
    "leave": {"reason": "closed", "wamp": "wamp.close.goodbye_and_out"},
}


def prefix() -> str:
    return f"com.example.js{uuid4().hex}"


@pytest.fixture(scope="module", params=list(SERIALIZERS))
def outcomes(request, server, node):
    """All scenarios with one serializer, run once for the tests that look at them."""
    command = [*node, "scenarios.mjs", server.ws(), request.param, prefix()]
    finished = subprocess.run(
        command, cwd=SCRIPTS, capture_output=True, text=True, timeout=45, check=False
    )
    assert finished.returncode == 0, finished.stderr
    return json.loads(finished.stdout)


@pytest.mark.parametrize("scenario", list(EXPECTED))
def test_autobahn_js_scenario(outcomes, scenario):
    """The scenario of this name in js/scenarios.mjs ends as expected."""
    assert outcomes[scenario] == EXPECTED[scenario]


def test_every_scenario_has_an_expectation(outcomes):
    """No scenario of the script goes unchecked."""
    assert outcomes.keys() == EXPECTED.keys()


@contextlib.asynccontextmanager
async def peer(node, url, serializer):
    """An autobahn.js session with procedures under the URI that this yields."""
    uri = prefix()
    process = await asyncio.create_subprocess_exec(
        *(*node, "peer.mjs", url, serializer, uri),
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


@pytest.mark.parametrize(
    ("python", "js"), list(itertools.product(SERIALIZERS, repeat=2))
)
def test_autobahn_python_and_autobahn_js_understand_each_other(
    server, node, python, js
):
    """Calls, errors and events cross clients and serializers, binary included."""

    async def scenario():
        async with (
            peer(node, server.ws(), js) as uri,
            join(server.ws(), python) as session,
        ):
            echoed = await within(
                session.call(f"{uri}.echo", "text", BINARY, key=[1, None])
            )
            assert echoed.results == ("text", BINARY)
            assert echoed.kwresults == {"key": [1, None]}
            assert await within(session.call(f"{uri}.is_binary", BINARY)) is True
            assert await within(session.call(f"{uri}.is_binary", "text")) is False
            with pytest.raises(ApplicationError) as caught:
                await within(session.call(f"{uri}.refuse", BINARY, reason="no"))
            assert caught.value.error == "com.example.error.js"
            assert (caught.value.args, caught.value.kwargs) == (
                (BINARY,),
                {"reason": "no"},
            )
            events = await session.events(f"{uri}.from_js")
            session.publish(f"{uri}.to_js", "text", BINARY, key={"deep": []})
            args, kwargs, _ = await within(events.get())
            assert (args, kwargs) == (("text", BINARY), {"key": {"deep": []}})

    asyncio.run(scenario())
