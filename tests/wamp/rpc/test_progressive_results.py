"""Progressive call results: partial results while a call runs."""

from __future__ import annotations

import msgpack
import pytest

from tests.wamp.call_kit import CALLEE, INTERRUPT
from tests.wamp.raw_client import CALL, ERROR, FORMATS, RESULT

PROGRESSIVE = "callee.progressive_call_results"
WANTED = {"receive_progress": True}


def test_feature_is_announced(peer):
    """By the dealer, as a real boolean, with all its others."""
    features = peer().welcome["roles"]["dealer"]["features"]
    for name in (
        "progressive_call_results",
        "progressive_call_invocations",
        "call_timeout",
        "call_canceling",
        "caller_identification",
        "call_trustlevels",
        "pattern_based_registration",
        "shared_registration",
        "registration_revocation",
        "call_reroute",
        "payload_passthru_mode",
    ):
        assert features[name] is True


@pytest.mark.parametrize("callee_serializer", FORMATS)
def test_progressive_results_are_forwarded_at_once(
    peer, uri, serializer, callee_serializer
):
    """Each before the next is sent, in order, and the final one without the key."""
    callee = peer(PROGRESSIVE, serializer=callee_serializer)
    caller = peer("caller.progressive_call_results", serializer=serializer)
    callee.register(uri)
    request = caller.call(uri, [1], **WANTED)
    invocation, _, details, args = callee.invoked()
    assert (details, args) == (WANTED, [1])
    for part in ([[1]], [[], {"k": [2]}], [["x", None], {"k": {}}]):
        callee.progress(invocation, *part)
        assert caller.receive() == [RESULT, request, {"progress": True}, *part]
    callee.finish_call(invocation, ["end"])
    assert caller.receive() == [RESULT, request, {}, ["end"]]


def test_progress_and_end_may_be_empty(peer, uri, serializer):
    """No payload is added on the way."""
    callee = peer(PROGRESSIVE, serializer=serializer)
    caller = peer(serializer=serializer)
    callee.register(uri)
    request = caller.call(uri, **WANTED)
    [invocation, *_] = callee.invoked()
    callee.progress(invocation)
    assert caller.receive() == [RESULT, request, {"progress": True}]
    callee.finish_call(invocation)
    assert caller.receive() == [RESULT, request, {}]


def test_error_is_always_final(peer, uri):
    """What the callee says afterwards is discarded; it may go on living."""
    callee, caller = peer(PROGRESSIVE), peer()
    callee.register(uri)
    request = caller.call(uri, **WANTED)
    [invocation, *_] = callee.invoked()
    callee.progress(invocation, [1])
    callee.fail_call(invocation, "com.example.no", ["why"])
    callee.progress(invocation, [2])
    callee.finish_call(invocation, [3])
    callee.fail_call(invocation)
    assert callee.settled() == []
    assert caller.settled() == [
        [RESULT, request, {"progress": True}, [1]],
        [ERROR, CALL, request, {}, "com.example.no", ["why"]],
    ]


def test_nothing_follows_the_final_result(peer, uri):
    """Late progress is discarded silently."""
    callee, caller = peer(PROGRESSIVE), peer()
    callee.register(uri)
    request = caller.call(uri, **WANTED)
    [invocation, *_] = callee.invoked()
    callee.finish_call(invocation, ["end"])
    callee.progress(invocation, ["late"])
    assert callee.settled() == []
    assert caller.settled() == [[RESULT, request, {}, ["end"]]]


@pytest.mark.parametrize("wanted", [False, None])
def test_progress_that_nobody_asked_for_is_not_delivered(peer, uri, wanted):
    """The caller gets the final result only."""
    callee, caller = peer(*CALLEE), peer()
    callee.register(uri)
    options = {} if wanted is None else {"receive_progress": wanted}
    request = caller.call(uri, **options)
    invocation, _, details = callee.invoked()
    assert details == {}
    callee.progress(invocation, [1])
    callee.finish_call(invocation, [2])
    assert callee.settled() == []
    assert caller.settled() == [[RESULT, request, {}, [2]]]


def test_wish_is_not_told_to_a_callee_without_the_feature(peer, uri):
    """The call runs as a plain call."""
    callee = peer(*(set(CALLEE) - {PROGRESSIVE}))
    caller = peer("caller.progressive_call_results")
    callee.register(uri)
    request = caller.call(uri, **WANTED)
    invocation, _, details = callee.invoked()
    assert details == {}
    callee.progress(invocation, ["not announced"])
    callee.finish_call(invocation, ["end"])
    assert caller.settled() == [[RESULT, request, {}, ["end"]]]


def test_callee_may_ignore_the_wish(peer, uri):
    """One final result is a complete answer."""
    callee, caller = peer(PROGRESSIVE), peer()
    callee.register(uri)
    request = caller.call(uri, **WANTED)
    callee.finish_call(callee.invoked()[0], ["all"])
    assert caller.succeeded(request) == [["all"]]


def test_explicit_false_is_final(peer, uri):
    """``progress: false`` is as good as no key, and is not passed on."""
    callee, caller = peer(PROGRESSIVE), peer()
    callee.register(uri)
    request = caller.call(uri, **WANTED)
    callee.finish_call(callee.invoked()[0], ["end"], progress=False)
    assert caller.receive() == [RESULT, request, {}, ["end"]]


def test_progress_that_the_caller_cannot_read_ends_the_call(peer, uri):
    """ERROR once, the callee is interrupted, and its later words are discarded."""
    callee = peer(PROGRESSIVE, "callee.call_canceling", serializer="msgpack")
    caller = peer("caller.progressive_call_results", serializer="json")
    callee.register(uri)
    request = caller.call(uri, timeout=50, **WANTED)
    [invocation, *_] = callee.invoked()
    callee.progress(invocation, [msgpack.ExtType(5, b"")])
    assert caller.failed(request) == "wamp.error.invalid_argument"
    assert callee.receive() == [INTERRUPT, invocation, {"mode": "killnowait"}]
    callee.progress(invocation, [1])
    callee.finish_call(invocation, [2])
    assert callee.settled() == []
    assert caller.settled() == []


@pytest.mark.parametrize("value", [1, 0, "true", [], {}, 1.0], ids=repr)
@pytest.mark.parametrize("option", ["receive_progress", "progress", "disclose_me"])
def test_flag_of_another_type_is_a_violation(peer, uri, option, value, serializer):
    """In CALL: integers and nulls are no booleans."""
    caller = peer("caller.progressive_call_invocations", serializer=serializer)
    caller.call(uri, **{option: value})
    assert f"CALL.Options.{option}" in caller.aborted()


def test_progress_of_another_type_is_a_violation(peer, uri, serializer):
    """In YIELD too; the caller learns that its callee is gone."""
    callee, caller = peer(PROGRESSIVE, serializer=serializer), peer()
    callee.register(uri)
    request = caller.call(uri, **WANTED)
    callee.finish_call(callee.invoked()[0], ["x"], progress=1)
    assert "YIELD.Options.progress" in callee.aborted()
    assert caller.failed(request) == "wamp.error.canceled"
