"""``strict_request_ids``: requests are numbered 1, 2, 3, ... or the session ends."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.patience import SECONDS
from tests.serving import serving
from tests.wamp.advanced.conftest import CALLEE, Peer, roles
from tests.wamp.raw_client import (
    CALL,
    ERROR,
    PUBLISH,
    REGISTER,
    RESULT,
    SUBSCRIBE,
    UNREGISTER,
    UNSUBSCRIBE,
)
from wsocket import WSocketApp
from wsocket.wamp.router.config import Realm

STREAMS = "caller.progressive_call_invocations"
MORE = {"progress": True}


@pytest.fixture(scope="module")
def app() -> WSocketApp:
    realm = Realm("realm1", strict_request_ids=True)
    app = WSocketApp(protocol="WAMP", realm=realm)
    app.register("com.example.echo")(lambda value=None: value)
    return app


def requests(uri):
    """One of each kind that is numbered: what stands before and after the number."""
    return {
        "PUBLISH": (PUBLISH, {"acknowledge": True}, uri),
        "SUBSCRIBE": (SUBSCRIBE, {}, uri),
        "UNSUBSCRIBE": (UNSUBSCRIBE, 2**53),
        "CALL": (CALL, {}, uri + ".nobody"),
        "REGISTER": (REGISTER, {}, uri),
        "UNREGISTER": (UNREGISTER, 2**53),
    }


def test_all_kinds_share_one_counter(peer, uri, serializer):
    """In any order, with the application's own session beside."""
    client = peer(serializer=serializer)
    for number, (code, *rest) in enumerate(list(requests(uri).values()) * 2, 1):
        client.send(code, number, *rest)
        answer = client.answer(number)
        assert number in answer[1:3]


@pytest.mark.parametrize("kind", list(requests("")))
@pytest.mark.parametrize("number", [2, 3, 2**53])
def test_first_request_is_number_one(peer, uri, kind, number):
    """The message names what was expected."""
    client = peer()
    code, *rest = requests(uri)[kind]
    client.send(code, number, *rest)
    assert client.aborted() == f"{kind}.Request: expected 1, got {number}"


@pytest.mark.parametrize("kind", list(requests("")))
@pytest.mark.parametrize("number", [1, 2, 4, 9])
def test_gap_or_repetition_is_a_violation(peer, uri, kind, number):
    """After two requests only 3 is right; for a CALL too, without streams."""
    client = peer()
    for _ in range(2):
        client.request(SUBSCRIBE, {}, uri)
    code, *rest = requests(uri)[kind]
    client.send(code, number, *rest)
    assert f"expected 3, got {number}" in client.aborted()


def test_numbers_start_anew_with_each_session(peer, uri):
    """On the same transport."""
    client = peer()
    client.request(SUBSCRIBE, {}, uri)
    client.leave()
    client.join()
    client.request(SUBSCRIBE, {}, uri)
    client.send(SUBSCRIBE, 4, {}, uri)
    assert "expected 2, got 4" in client.aborted()


def test_mirrored_numbers_are_free(peer, uri):
    """CANCEL, YIELD and ERROR name the numbers of others."""
    client = peer(*CALLEE)
    client.request(REGISTER, {}, uri)
    request = client.call(uri)
    number = client.invoked()[0]
    client.cancel(77)
    client.finish_call(number, ["x"])
    assert client.receive() == [RESULT, request, {}, ["x"]]
    client.request(SUBSCRIBE, {}, uri)


def test_call_may_be_continued_under_its_number(peer, uri):
    """While other requests go on counting."""
    callee, caller = peer(*CALLEE), peer(STREAMS)
    callee.request(REGISTER, {}, uri)
    request = caller.call(uri, [1], progress=True)
    caller.request(SUBSCRIBE, {}, uri)
    caller.send(CALL, request, {}, uri, [2])
    assert callee.invoked()[3] == [1]
    number, _, _, args = callee.invoked()
    assert args == [2]
    callee.finish_call(number)
    assert caller.receive() == [RESULT, request, {}]
    caller.send(CALL, request, {}, uri, [3])
    caller.request(SUBSCRIBE, {}, uri)
    assert not caller.inbox


def test_first_chunk_is_numbered_like_any_call(peer, uri):
    """A higher number than the next is a violation, chunk or not."""
    caller = peer(STREAMS)
    caller.send(CALL, 2, MORE, uri)
    assert "expected 1, got 2" in caller.aborted()


def test_number_of_another_request_is_no_call_to_continue(peer, uri):
    """At or below the watermark and not active: discarded silently."""
    callee, caller = peer(*CALLEE), peer(STREAMS)
    callee.request(REGISTER, {}, uri)
    for _ in range(3):
        caller.request(SUBSCRIBE, {}, uri)
    caller.send(CALL, 2, MORE, uri, ["never began"])
    caller.request(SUBSCRIBE, {}, uri)
    assert not caller.inbox
    callee.request(SUBSCRIBE, {}, uri)
    assert not callee.inbox


def test_application_counts_correctly(app, peer):
    """It is a session like any other, under the same rule."""
    for number in range(5):
        assert app.call("com.example.echo", number, timeout=SECONDS) == number
        app.publish("com.example.topic", number)
    client = peer()
    client.call("com.example.echo", ["x"])
    assert client.receive() == [RESULT, 1, {}, ["x"]]


def test_gaps_do_not_matter_by_default():
    """autobahn.js leaves them when a payload cannot be serialized."""
    assert Realm("realm1").strict_request_ids is False


def test_gaps_and_repetitions_go_through_by_default(peer_of_open_realm, uri):
    """Every request is answered under the number that it has."""
    client = peer_of_open_realm
    for number in (5, 3, 3, 2**53, 1):
        client.send(CALL, number, {}, uri)
        assert client.receive()[:3] == [ERROR, CALL, number]


@pytest.fixture
def peer_of_open_realm() -> Iterator[Peer]:
    with serving(WSocketApp(protocol="WAMP")) as url:
        client = Peer(url).join(roles=roles())
        yield client
        client.finish()
