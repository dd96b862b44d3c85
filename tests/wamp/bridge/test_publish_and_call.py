"""Publishing and calling with HTTP requests, on both servers."""

from __future__ import annotations

import json

import pytest

from tests.wamp.apps.bridge import SECRET, TOKEN
from tests.wamp.bridge.http import post, problem, publish, signed
from tests.wamp.raw_client import EVENT, YIELD, connected

CALL, PUBLISH = "/wamp/call", "/wamp/publish"
BEARER = {"Authorization": f"Bearer {TOKEN}"}


def test_event_reaches_a_subscriber_on_a_websocket(bridged, uri):
    """With its payload; the publication ID is that of the event."""
    with connected(bridged.ws()) as subscriber:
        subscriber.join()
        subscription = subscriber.subscribe(uri)
        body = {"topic": uri, "args": [1, "zwei"], "kwargs": {"drei": [3]}}
        answer = post(bridged.http(), PUBLISH, body)
        publication = json.loads(answer.body)["publication"]
        code, *head, details, args, kwargs = subscriber.receive()
    assert (code, head) == (EVENT, [subscription, publication])
    assert (args, kwargs, details) == ([1, "zwei"], {"drei": [3]}, {})


def test_options_of_an_event_are_obeyed(bridged, uri):
    """Such as who is to get it, and that the publisher shows itself."""
    options = {"disclose_me": True, "eligible_authrole": ["guest"]}
    with connected(bridged.ws()) as subscriber:
        subscriber.join()
        subscriber.subscribe(uri)
        body = {"topic": uri, "kwargs": {"a": 1}, "options": options}
        assert post(bridged.http(), PUBLISH, body, headers=BEARER).status == 200
        details = subscriber.receive()[3]
    assert details["publisher_authrole"] == "backend"
    assert TOKEN not in details["publisher_authid"]


def test_kwargs_need_no_args(bridged):
    """A payload without a list has an empty one."""
    body = {"procedure": "com.open.echo", "kwargs": {"a": {"b": None}}}
    answer = post(bridged.http(), CALL, body)
    assert json.loads(answer.body) == {"args": [], "kwargs": {"a": {"b": None}}}


NOTHING = {"args": None, "kwargs": None, "options": None}


@pytest.mark.parametrize(
    "more",
    [
        {"timeout": None},
        {"args": [1, None]},
        {"kwargs": {"a": None}},
        {"options": {"timeout": None, "disclose_me": None}},
    ],
)
def test_null_in_a_call_means_absent(bridged, more):
    """PHP and typed clients send fields that have no value; payloads stay."""
    body = {"procedure": "com.open.echo", **NOTHING, **more}
    answer = post(bridged.http(), CALL, body)
    result = json.loads(answer.body)
    assert result == {"args": more.get("args", []), "kwargs": more.get("kwargs", {})}


@pytest.mark.parametrize(
    "options", [None, {"exclude": None, "retain": None, "exclude_me": False}]
)
def test_null_in_an_event_means_absent(bridged, uri, options):
    """In the body, and in its options."""
    with connected(bridged.ws()) as subscriber:
        subscriber.join()
        subscriber.subscribe(uri)
        body = {"topic": uri, **NOTHING, "options": options}
        assert post(bridged.http(), PUBLISH, body).status == 200
        assert subscriber.receive()[3:] == [{}]


def test_what_is_forgiven_in_messages_is_forgiven_in_bodies(bridged, uri):
    """IDs that are floats, and texts that were cut inside an emoji."""
    with connected(bridged.ws()) as subscriber:
        subscriber.join()
        subscriber.subscribe(uri)
        body = b'{"topic": "%b", "args": ["\\ud83d"], "options": {"exclude": [1.0]}}'
        answer = post(bridged.http(), PUBLISH, body % uri.encode())
        assert answer.status == 200, answer
        assert subscriber.receive()[4] == ["\ufffd"]


def test_call_returns_the_result(bridged):
    """As JSON."""
    answer = post(bridged.http(), CALL, {"procedure": "com.open.add", "args": [2, 3]})
    assert answer.status == 200
    assert answer.headers["Content-Type"] == "application/json"
    assert answer.headers["Cache-Control"] == "no-store"
    assert json.loads(answer.body) == {"args": [5], "kwargs": {}}


def test_call_reaches_a_callee_on_a_websocket(bridged, uri, beside):
    """It is told who calls, as of any client."""
    with connected(bridged.ws(), "msgpack") as callee:
        callee.join()
        callee.register(uri)
        body = {"procedure": uri, "args": [1], "options": {"disclose_me": True}}
        answer = beside(post, bridged.http(), CALL, body)
        request, _, details, args = callee.invoked()
        callee.send(YIELD, request, {}, args, {"raw": b"\0\1"})
        result = json.loads(answer.result().body)
    assert details["caller_authrole"] == "guest"
    assert result == {"args": [1], "kwargs": {"raw": "\0AAE="}}


@pytest.mark.parametrize("credentials", ["none", "token", "key"])
def test_role_decides_what_a_request_may_do(bridged, credentials):
    """A key and a token have a role; without them it is that of anonymous clients."""
    body = b'{"procedure": "com.backend.secret"}'
    headers = {"none": {}, "token": BEARER, "key": signed(SECRET, CALL, body)}
    answer = post(bridged.http(), CALL, body, headers=headers[credentials])
    if credentials == "none":
        assert answer.status == 403
        assert problem(answer)["error"] == "wamp.error.not_authorized"
    else:
        assert json.loads(answer.body)["args"] == ["for the backend"]


def test_topic_that_is_not_granted_is_refused(bridged):
    """A publish request is answered like a PUBLISH that wants to know."""
    answer = post(bridged.http(), PUBLISH, {"topic": "com.backend.news"})
    assert answer.status == 403
    assert publish(bridged.http(), "com.backend.news", **BEARER) > 0


def test_broken_procedure_is_an_internal_error(bridged):
    """Its message is in the answer, as in any ERROR."""
    answer = post(bridged.http(), CALL, {"procedure": "com.open.break"})
    assert answer.status == 500
    found = problem(answer)
    assert found["error"] == "wamp.error.runtime_error"
    assert found["detail"] == "the procedure is broken"


def test_error_of_the_application_brings_its_payload(bridged):
    """The URI, the arguments, and a status that says: the call was understood."""
    body = {"procedure": "com.open.fail", "args": ["com.shop.error.sold_out"]}
    answer = post(bridged.http(), CALL, body)
    assert answer.status == 422
    found = problem(answer)
    assert found["error"] == "com.shop.error.sold_out"
    assert (found["args"], found["kwargs"]) == (["as you wish", 7], {"why": "a test"})
    assert found["detail"] == "as you wish"


def test_session_of_a_request_ends_with_it(bridged):
    """Nothing is left in the realm; a request is one session."""
    count = {"procedure": "wamp.session.count"}
    counts = [
        json.loads(post(bridged.http(), CALL, count, headers=BEARER).body)["args"]
        for _ in range(3)
    ]
    assert counts == [counts[0]] * 3
