"""``strict_uris``: lower-case letters, digits and _ only, in every URI of a client."""

from __future__ import annotations

import pytest

from tests.wamp.raw_client import (
    CALL,
    ERROR,
    PUBLISH,
    REGISTER,
    RESULT,
    SUBSCRIBE,
    ask,
)
from wsocket import WSocketApp
from wsocket.wamp.router.config import Realm

INVALID_URI = "wamp.error.invalid_uri"
REFUSED = ["com.Upper", "com.with-dash", "com.ünicode", "com.x\n", "com.x:y", "com.@"]
EVERYWHERE = [(SUBSCRIBE, {}), (PUBLISH, {"acknowledge": True}), (CALL, {})]


@pytest.fixture(scope="module")
def app() -> WSocketApp:
    return WSocketApp(protocol="WAMP", realm=Realm("realm1", strict_uris=True))


@pytest.mark.parametrize("uri", REFUSED, ids=repr)
def test_other_characters_are_refused(join, serializer, uri):
    """In every kind of request; the session goes on."""
    client = join(serializer)
    for code, options in [*EVERYWHERE, (REGISTER, {})]:
        answer = client.request(code, options, uri)
        assert answer[:2] == [ERROR, code]
        assert answer[4] == INVALID_URI
        assert "lower-case" in answer[5][0]


@pytest.mark.parametrize("match", ["prefix", "wildcard"])
def test_patterns_are_held_to_the_same_rules(join, serializer, match):
    """With their empty components."""
    client = join(serializer)
    for code in (SUBSCRIBE, REGISTER):
        answer = client.request(code, {"match": match}, "com.Upper.")
        assert answer[4] == INVALID_URI
        assert client.request(code, {"match": match}, "com.lower_1.")[0] == code + 1


def test_strict_uris_work_as_ever(join, uri, serializer):
    """From REGISTER to RESULT, from SUBSCRIBE to EVENT."""
    one, two = join(serializer), join()
    one.register(uri)
    two.call(uri, ["x"])
    one.send(70, one.invoked()[0], {}, ["y"])
    assert two.receive()[0::3] == [RESULT, ["y"]]
    one.subscribe(uri)
    two.publish(uri, ["event"])
    assert one.receive()[4] == ["event"]


def test_unacknowledged_publication_is_refused_in_silence(join, serializer):
    """There is no message to say it with."""
    client = join(serializer)
    client.send(PUBLISH, client.next_request(), {}, "com.Upper", ["x"])
    assert client.until_now() == []


def test_error_of_a_callee_is_held_to_them_too(join, uri):
    """The caller learns whose mistake it was."""
    callee, caller = join(), join()
    callee.register(uri)
    request = caller.call(uri)
    callee.send(ERROR, 68, callee.invoked()[0], {}, "com.example.Error")
    answer = caller.receive()
    assert answer[:3] == [ERROR, CALL, request]
    assert answer[4] == INVALID_URI
    assert "callee" in answer[5][0]


def test_protocol_itself_keeps_them(join):
    """Its own procedures have such URIs."""
    assert ask(join(), "wamp.session.count")[0] == RESULT
