"""Signed requests, on both servers: what is accepted, and what never is."""

from __future__ import annotations

import http.client
import json
import secrets
import time
from urllib.parse import urlsplit

import pytest

from tests.patience import SECONDS
from tests.wamp.apps.bridge import SECRET
from tests.wamp.bridge.http import JSON, listening, post, problem, signed
from tests.wamp.transports.longpoll.client import request
from wsocket import BridgeKey, Realm

CALL = "/wamp/call"
BODY = b'{"procedure": "com.backend.secret"}'
DENIED = "wamp.error.authentication_denied"


def refused(answer) -> str:
    """Why a request was not let in; 401 must name a scheme (RFC 9110)."""
    assert answer.status == 401, answer
    assert answer.headers["WWW-Authenticate"].startswith("WAMP-HMAC realm=")
    found = problem(answer)
    assert found["error"] == DENIED
    return found["detail"]


def test_signed_request_has_the_role_of_its_key(bridged):
    """And the key's ID is its authid."""
    answer = post(bridged.http(), CALL, BODY, headers=signed(SECRET, CALL, BODY))
    assert json.loads(answer.body)["args"] == ["for the backend"]


def test_request_that_is_sent_twice_is_refused_the_second_time(bridged):
    """Whoever has recorded it cannot use it, also within the same second."""
    headers = signed(SECRET, CALL, BODY)
    assert post(bridged.http(), CALL, BODY, headers=headers).status == 200
    again = post(bridged.http(), CALL, BODY, headers=headers)
    assert "sent before" in refused(again)


def test_nonce_is_used_up_for_other_requests_too(bridged):
    """It belongs to the key, not to the body."""
    nonce = secrets.token_hex(16)
    first = signed(SECRET, CALL, BODY, nonce=nonce)
    assert post(bridged.http(), CALL, BODY, headers=first).status == 200
    other = BODY + b" "
    second = signed(SECRET, CALL, other, nonce=nonce)
    assert "sent before" in refused(post(bridged.http(), CALL, other, headers=second))


@pytest.mark.parametrize(
    ("path", "body"),
    [
        (CALL, BODY + b" "),
        ("/wamp/publish", BODY),
        (f"{CALL}?x=1", BODY),
    ],
)
def test_signature_is_for_one_path_and_one_body(bridged, path, body):
    """What was signed is what must be sent."""
    headers = signed(SECRET, CALL, BODY)
    answer = post(bridged.http(), path, body, headers=headers)
    assert refused(answer) == "the key or the signature is wrong"


def test_wrong_secret_and_unknown_key_are_told_alike(bridged):
    """A stranger does not learn which keys there are."""
    answers = [
        post(bridged.http(), CALL, BODY, headers=signed("wrong", CALL, BODY, key=key))
        for key in ("cron", "nobody")
    ]
    assert [refused(each) for each in answers] == [
        "the key or the signature is wrong"
    ] * 2
    assert answers[0].body == answers[1].body


@pytest.mark.parametrize("seconds", [-400, 400])
def test_old_and_future_timestamps_are_refused(bridged, seconds):
    """The answer says how far the clocks are apart, to the owner of the key alone."""
    at = time.time() + seconds
    stale = post(bridged.http(), CALL, BODY, headers=signed(SECRET, CALL, BODY, at=at))
    assert "at most 300" in refused(stale)
    forged = post(bridged.http(), CALL, BODY, headers=signed("x", CALL, BODY, at=at))
    assert refused(forged) == "the key or the signature is wrong"


@pytest.mark.parametrize("seconds", [-200, 200])
def test_clocks_may_differ_a_little(bridged, seconds):
    """By `clock_skew` at most, in both directions."""
    headers = signed(SECRET, CALL, BODY, at=time.time() + seconds)
    assert post(bridged.http(), CALL, BODY, headers=headers).status == 200


NONCE = "0123456789abcdef"
WHOLE = f'WAMP-HMAC key="cron", ts="1", nonce="{NONCE}", signature="AA=="'


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        ("WAMP-HMAC", "expected WAMP-HMAC key="),
        ("WAMP-HMAC nonsense", "expected WAMP-HMAC key="),
        (WHOLE + ', ts="1"', "expected WAMP-HMAC key="),
        (WHOLE + ', extra="1"', "expected WAMP-HMAC key="),
        (WHOLE.partition(", signature")[0], "expected WAMP-HMAC key="),
        (WHOLE.replace(', ts="', ', ts="-'), "ts: expected whole seconds"),
        (f'WAMP-HMAC key="cron", ts="1", nonce="{NONCE}", signature="?"', "Base64"),
        (f'WAMP-HMAC key="cron", ts="1", nonce="{NONCE}", signature=""', "is wrong"),
        ('WAMP-HMAC key="cron", ts="1", nonce="short", signature="AA=="', "nonce"),
        ("WAMP-HMAC " + "x" * 4000, "2048 characters"),
        ("Basic dXNlcjpwYXNz", "expected WAMP-HMAC or Bearer"),
        ("Bearer", "and a token"),
        ("Bearer wrong", "not known"),
    ],
)
def test_malformed_proof_is_refused_with_what_was_expected(bridged, value, reason):
    """It is never taken for a request without a proof, whatever that might do."""
    body = b'{"procedure": "com.open.add", "args": [1, 2]}'
    answer = post(bridged.http(), CALL, body, headers={"Authorization": value})
    assert reason in refused(answer)


def test_order_and_spaces_of_the_fields_do_not_matter(bridged):
    """As in other schemes of HTTP (RFC 9110 section 11.2); nor does case."""
    scheme, _, fields = signed(SECRET, CALL, BODY)["Authorization"].partition(" ")
    value = f"{scheme.lower()} {' , '.join(reversed(fields.split(', ')))}"
    answer = post(bridged.http(), CALL, BODY, headers={"Authorization": value})
    assert answer.status == 200


def test_stream_of_events_is_signed_with_its_query(bridged, uri):
    """The body is empty."""
    query = f"topic={uri}&match=prefix"
    target = f"/wamp/events?{query}"
    headers = signed(SECRET, target, b"", method="GET")
    with listening(bridged.http(), query, **headers) as stream:
        assert stream.status == 200
    again = request(bridged.http(), target, method="GET", headers=headers)
    assert "sent before" in refused(again)


def test_signed_requests_beyond_those_remembered_have_to_wait(serve):
    """They are refused, rather than accepted twice; others are not disturbed."""
    key = BridgeKey(SECRET, role="backend")
    app, url = serve(keys={"cron": key}, max_nonces=2)
    app.register("com.backend.secret")(lambda: "done")
    statuses = [
        post(url, CALL, BODY, headers=signed(SECRET, CALL, BODY)).status
        for _ in range(3)
    ]
    assert statuses == [200, 200, 503]
    full = post(url, CALL, BODY, headers=signed(SECRET, CALL, BODY))
    assert full.headers["Retry-After"] == "5"
    assert "max_nonces" in problem(full)["detail"]
    assert post(url, CALL, BODY).status == 200  # an anonymous client


def test_forged_requests_fill_no_memory(serve):
    """Only a right signature is remembered."""
    key = BridgeKey(SECRET, role="backend")
    app, url = serve(keys={"cron": key}, max_nonces=1)
    app.register("com.backend.secret")(lambda: "done")
    for _ in range(3):
        refused(post(url, CALL, BODY, headers=signed("wrong", CALL, BODY)))
    assert post(url, CALL, BODY, headers=signed(SECRET, CALL, BODY)).status == 200


def test_memory_of_a_request_ends_when_its_timestamp_is_too_old(serve):
    """So that there is room for others; a replay is refused for its age from then."""
    key = BridgeKey(SECRET, role="backend")
    app, url = serve(keys={"cron": key}, max_nonces=1, clock_skew=1.0)
    app.register("com.backend.secret")(lambda: "done")
    first = signed(SECRET, CALL, BODY)
    assert post(url, CALL, BODY, headers=first).status == 200
    deadline = time.monotonic() + SECONDS
    while post(url, CALL, BODY, headers=signed(SECRET, CALL, BODY)).status == 503:
        assert time.monotonic() < deadline
    assert "from the clock" in refused(post(url, CALL, BODY, headers=first))


def test_key_may_have_a_realm_of_its_own(serve):
    """Its requests act there, those of others in that of the application."""
    keys = {"cron": BridgeKey(SECRET, role="backend", realm="elsewhere")}
    app, url = serve({"realms": [Realm("elsewhere")]}, keys=keys)
    app.remove_realm("elsewhere")
    answer = post(url, CALL, BODY, headers=signed(SECRET, CALL, BODY))
    assert answer.status == 404
    assert problem(answer)["error"] == "wamp.error.no_such_realm"


def test_many_requests_of_one_connection_are_each_judged_alone(bridged):
    """A right signature does not vouch for the next request."""
    netloc = urlsplit(bridged.http()).netloc
    connection = http.client.HTTPConnection(netloc, timeout=SECONDS)
    statuses = []
    for secret in (SECRET, "wrong", SECRET):
        headers = {**JSON, **signed(secret, CALL, BODY)}
        connection.request("POST", CALL, BODY, headers)
        with connection.getresponse() as response:
            response.read()
            statuses.append(response.status)
    connection.close()
    assert statuses == [200, 401, 200]
