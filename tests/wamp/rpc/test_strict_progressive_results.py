"""``strict_progressive_results``: only of callees that can be canceled as well."""

from __future__ import annotations

import pytest

from tests.wamp.call_kit import INTERRUPT
from tests.wamp.raw_client import FORMATS, RESULT
from wsocket import CallOptions, WSocketApp
from wsocket.wamp.router.config import Realm

PROGRESSIVE, CANCELING = "callee.progressive_call_results", "callee.call_canceling"
WANTED = {"receive_progress": True}


@pytest.fixture(scope="module")
def app() -> WSocketApp:
    realm = Realm("realm1", strict_progressive_results=True)
    app = WSocketApp(protocol="WAMP", realm=realm)

    @app.register("com.example.count")
    def count():
        yield from (1, 2)

    return app


@pytest.mark.parametrize("callee_serializer", FORMATS)
def test_callee_with_both_features_is_asked(peer, uri, serializer, callee_serializer):
    """As the specification has it."""
    callee = peer(PROGRESSIVE, CANCELING, serializer=callee_serializer)
    caller = peer(serializer=serializer)
    callee.register(uri)
    request = caller.call(uri, **WANTED)
    invocation, _, details = callee.invoked()
    assert details == WANTED
    callee.progress(invocation, [1])
    assert caller.receive() == [RESULT, request, {"progress": True}, [1]]
    callee.finish_call(invocation, [2])
    assert caller.receive() == [RESULT, request, {}, [2]]


@pytest.mark.parametrize("announced", [(PROGRESSIVE,), (CANCELING,), ()])
def test_callee_without_one_of_them_is_not(peer, uri, serializer, announced):
    """The call runs as a plain one, whatever the callee yields in between."""
    callee = peer(*announced, serializer=serializer)
    caller = peer("caller.progressive_call_results", serializer=serializer)
    callee.register(uri)
    request = caller.call(uri, **WANTED)
    invocation, _, details = callee.invoked()
    assert details == {}
    callee.progress(invocation, ["not asked for"])
    callee.finish_call(invocation, ["end"])
    assert callee.settled() == []
    assert caller.settled() == [[RESULT, request, {}, ["end"]]]


def test_other_spelling_of_canceling_counts(peer, uri):
    """The specification itself writes ``call_cancelling`` in one place."""
    callee, caller = peer(PROGRESSIVE, "callee.call_cancelling"), peer()
    callee.register(uri)
    caller.call(uri, **WANTED)
    assert callee.invoked()[2] == WANTED


def test_each_callee_of_a_shared_registration_is_asked_what_it_can(peer, uri):
    """The rule is for callees, not for procedures."""
    able, unable, caller = peer(PROGRESSIVE, CANCELING), peer(PROGRESSIVE), peer()
    for callee in (able, unable):
        callee.register(uri, invoke="roundrobin")
    for callee, details in [(able, WANTED), (unable, {})] * 2:
        caller.call(uri, **WANTED)
        assert callee.invoked()[2] == details


def test_callee_that_was_asked_can_be_interrupted(peer, uri):
    """That is what the rule is for: the caller has heard enough."""
    callee, caller = peer(PROGRESSIVE, CANCELING), peer()
    callee.register(uri)
    request = caller.call(uri, **WANTED)
    [invocation, *_] = callee.invoked()
    callee.progress(invocation, [1])
    caller.cancel(request, "killnowait")
    assert callee.receive() == [INTERRUPT, invocation, {"mode": "killnowait"}]


def test_procedures_of_the_application_are_asked(app, peer):
    """It announces both, so its generators work as ever."""
    request = (caller := peer()).call("com.example.count", **WANTED)
    assert caller.receive() == [RESULT, request, {"progress": True}, [1]]
    assert caller.receive() == [RESULT, request, {"progress": True}, [2]]
    assert caller.receive() == [RESULT, request, {}]
    call = app.start_call(
        "com.example.count", options=CallOptions(receive_progress=True)
    )
    assert list(call) == [1, 2]


def test_callees_that_cannot_be_canceled_are_asked_by_default():
    """autobahn.js does not announce call_canceling; see test_progressive_results.py."""
    assert Realm("realm1").strict_progressive_results is False
