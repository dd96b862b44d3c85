"""Payload passthru mode for calls: what is in the payload is not the router's."""

from __future__ import annotations

import base64

import pytest

from tests.wamp.call_kit import CALLEE, CALLER
from tests.wamp.raw_client import CALL, ERROR, FORMATS, INVOCATION, RESULT, YIELD

CALLER_PPT = "caller.payload_passthru_mode"
CALLEE_PPT = "callee.payload_passthru_mode"
REFUSED = "wamp.error.feature_not_supported"
PASSTHRU = {
    "ppt_scheme": "x_mine",
    "ppt_serializer": "flatbuffers",
    "ppt_cipher": "xsalsa20poly1305",
    "ppt_keyid": "key 1",
}
SEALED = bytes(range(256)) + b"\xc1\xff not of any serializer"


def sealed(serializer):
    """The one binary item of a payload, as it is on the wire."""
    if serializer != "json":
        return SEALED
    return "\0" + base64.b64encode(SEALED).decode()


@pytest.mark.parametrize("callee_serializer", FORMATS)
def test_attributes_and_payload_pass_both_ways(
    peer, uri, serializer, callee_serializer
):
    """CALL to INVOCATION and YIELD to RESULT, between all serializers."""
    callee = peer(CALLEE_PPT, serializer=callee_serializer)
    caller = peer(CALLER_PPT, serializer=serializer)
    callee.register(uri)
    request = caller.call(uri, [sealed(serializer)], **PASSTHRU)
    invocation, _, details, args = callee.invoked()
    assert (details, args) == (PASSTHRU, [sealed(callee_serializer)])
    callee.send(YIELD, invocation, PASSTHRU, [sealed(callee_serializer)])
    answer = [RESULT, request, PASSTHRU, [sealed(serializer)]]
    assert caller.receive() == answer


@pytest.mark.parametrize("callee_serializer", FORMATS)
def test_errors_pass_too(peer, uri, serializer, callee_serializer):
    """ERROR to ERROR."""
    callee = peer(CALLEE_PPT, serializer=callee_serializer)
    caller = peer(CALLER_PPT, serializer=serializer)
    callee.register(uri)
    request = caller.call(uri)
    payload = [sealed(callee_serializer)]
    head = [ERROR, INVOCATION, callee.invoked()[0], PASSTHRU, "com.example.no"]
    callee.send(*head, payload)
    assert caller.receive() == [
        *(ERROR, CALL, request, PASSTHRU, "com.example.no", [sealed(serializer)])
    ]


def test_progressive_results_pass_with_their_key(peer, uri):
    """Both the scheme and ``progress``."""
    callee, caller = peer(*CALLEE), peer(*CALLER)
    callee.register(uri)
    request = caller.call(uri, receive_progress=True)
    invocation = callee.invoked()[0]
    options = {"progress": True, "ppt_scheme": "x_mine"}
    callee.send(YIELD, invocation, options, ["\0AA=="])
    assert caller.receive() == [RESULT, request, options, ["\0AA=="]]
    callee.finish_call(invocation, ["plain"])
    assert caller.succeeded(request) == [["plain"]]


@pytest.mark.parametrize("scheme", ["wamp", "mqtt", "x_my_ppt", "", "ö"])
def test_scheme_alone_is_enough(peer, uri, scheme):
    """The other attributes are optional, and none is made up."""
    callee, caller = peer(CALLEE_PPT), peer(CALLER_PPT)
    callee.register(uri)
    caller.call(uri, ["\0AA=="], ppt_scheme=scheme)
    assert callee.invoked()[2] == {"ppt_scheme": scheme}


def test_answer_may_be_plain(peer, uri):
    """Each message says for itself what its payload is."""
    callee, caller = peer(CALLEE_PPT), peer(CALLER_PPT)
    callee.register(uri)
    request = caller.call(uri, ["\0AA=="], **PASSTHRU)
    callee.finish_call(callee.invoked()[0], ["plain"])
    assert caller.receive() == [RESULT, request, {}, ["plain"]]


def test_caller_that_has_not_announced_it_violates(peer, uri, serializer):
    """The callee never hears of the call."""
    callee = peer(*CALLEE)
    caller = peer(*(set(CALLER) - {CALLER_PPT}), serializer=serializer)
    callee.register(uri)
    caller.call(uri, [sealed(serializer)], **PASSTHRU)
    assert "payload_passthru_mode" in caller.aborted()
    assert callee.settled() == []


def test_announcing_it_in_another_role_is_not_enough(peer, uri):
    """A callee that knows it may not call with it."""
    client = peer(CALLEE_PPT, "publisher.payload_passthru_mode")
    client.call(uri, **PASSTHRU)
    assert "payload_passthru_mode" in client.aborted()


def test_callee_without_the_feature_is_not_called(peer, uri, serializer):
    """The caller gets feature_not_supported."""
    callee = peer(*(set(CALLEE) - {CALLEE_PPT}))
    caller = peer(CALLER_PPT, serializer=serializer)
    callee.register(uri)
    request = caller.call(uri, [sealed(serializer)], **PASSTHRU)
    assert caller.failed(request) == REFUSED
    assert callee.settled() == []


def test_router_cannot_read_it_either(peer):
    """Its own procedures are callees without the feature."""
    caller = peer(CALLER_PPT)
    request = caller.call("wamp.session.count", ["\0AA=="], **PASSTHRU)
    assert caller.failed(request) == REFUSED


@pytest.mark.parametrize("answer", ["result", "progress", "error"])
def test_callee_that_has_not_announced_it_violates(peer, uri, answer):
    """Its caller learns that the callee is gone."""
    callee, caller = peer(*(set(CALLEE) - {CALLEE_PPT})), peer(*CALLER)
    callee.register(uri)
    request = caller.call(uri, receive_progress=True)
    invocation = callee.invoked()[0]
    if answer == "error":
        callee.send(ERROR, INVOCATION, invocation, PASSTHRU, "com.example.no", [""])
    else:
        progress = {"progress": True} if answer == "progress" else {}
        callee.send(YIELD, invocation, {**PASSTHRU, **progress}, [""])
    assert "payload_passthru_mode" in callee.aborted()
    assert caller.failed(request) == "wamp.error.canceled"


@pytest.mark.parametrize("answer", ["result", "progress", "error"])
def test_caller_that_cannot_read_the_answer(peer, uri, serializer, answer):
    """ERROR to the callee, for the invocation; ERROR to the caller, for the call."""
    callee = peer(*CALLEE, serializer=serializer)
    caller = peer(*(set(CALLER) - {CALLER_PPT}), serializer=serializer)
    callee.register(uri)
    request = caller.call(uri, receive_progress=True, timeout=10**6)
    invocation = callee.invoked()[0]
    payload = [sealed(serializer)]
    if answer == "error":
        callee.send(ERROR, INVOCATION, invocation, PASSTHRU, "com.example.no", payload)
    else:
        progress = {"progress": True} if answer == "progress" else {}
        callee.send(YIELD, invocation, {**PASSTHRU, **progress}, payload)
    assert caller.failed(request) == REFUSED
    [error] = callee.settled()
    assert error[:5] == [ERROR, INVOCATION, invocation, {}, REFUSED]
    callee.finish_call(invocation, ["late"])
    assert callee.settled() == caller.settled() == []


def test_late_answer_in_passthru_mode_is_discarded(peer, uri):
    """As any late answer: neither side hears of it."""
    callee, caller = peer(*CALLEE), peer()
    callee.register(uri)
    request = caller.call(uri)
    invocation = callee.invoked()[0]
    callee.finish_call(invocation)
    assert caller.succeeded(request) == []
    callee.send(YIELD, invocation, PASSTHRU, ["\0AA=="])
    assert callee.settled() == caller.settled() == []


@pytest.mark.parametrize("key", list(PASSTHRU))
@pytest.mark.parametrize("value", [1, True, ["x"], {}], ids=repr)
def test_attribute_of_another_type_is_a_violation(peer, uri, serializer, key, value):
    """All of them are strings."""
    caller = peer(*CALLER, serializer=serializer)
    caller.call(uri, **{**PASSTHRU, key: value})
    assert f"CALL.Options.{key}" in caller.aborted()
