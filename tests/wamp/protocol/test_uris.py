"""Which URIs are valid where (Basic Profile, "URIs")."""

from __future__ import annotations

import sys
import time

import pytest

from tests.wamp.raw_client import (
    CALL,
    ERROR,
    PUBLISH,
    PUBLISHED,
    REGISTER,
    REGISTERED,
    RESULT,
    SUBSCRIBE,
    SUBSCRIBED,
)
from wsocket.wamp.protocol.uris import UriRules, reserved

INVALID_URI = "wamp.error.invalid_uri"

STRICT_VALID = ["a", "com.example", "com.example.2", "_x.__", "0.1.2", "a" * 5000]
LOOSE_VALID = [
    "COM.Example",
    "a-b.c:d/e?f",
    "ž.kůň.🐎",
    "a.$@!*",
    "\0.a",
    "com,example",
]
# Not valid in any place.
INVALID = [
    "com example",
    "com.exa\tmple",
    "com.example\n",
    "com.example\r",
    "\ncom.example",
    "com.example\x0b",
    "com.example\u2028",
    "com.ex\u00a0ample",
    "com.ex\u3000ample",
    "#",
    "com.#.x",
    "com.example#",
    " ",
    "\n",
]
# An empty component at: the end, which a prefix may have; elsewhere, only a wildcard.
EMPTY_AT_THE_END = ["", "com.", "com.example."]
EMPTY_ELSEWHERE = [".", ".com", "com..example", "..", "com...", ".com."]


@pytest.mark.parametrize("match", ["exact", "prefix", "wildcard"])
@pytest.mark.parametrize("uri", STRICT_VALID, ids=lambda uri: uri[:20])
def test_strict_uris_are_valid_everywhere(uri, match):
    """Under either rule set, for every matching policy."""
    assert UriRules(strict=True).valid(uri, match)
    assert UriRules(strict=False).valid(uri, match)


@pytest.mark.parametrize("match", ["exact", "prefix", "wildcard"])
@pytest.mark.parametrize("uri", LOOSE_VALID)
def test_loose_uris_are_valid_under_the_loose_rules_only(uri, match):
    """Anything but white space, '.' and '#' may be in a component."""
    assert UriRules().valid(uri, match)
    assert not UriRules(strict=True).valid(uri, match)


@pytest.mark.parametrize("strict", [True, False], ids=["strict", "loose"])
@pytest.mark.parametrize("match", ["exact", "prefix", "wildcard"])
@pytest.mark.parametrize("uri", INVALID, ids=ascii)
def test_white_space_and_hash_are_valid_nowhere(uri, match, strict):
    """A trailing newline is the trap of ``$``; Unicode has more white space."""
    assert not UriRules(strict=strict).valid(uri, match)


@pytest.mark.parametrize("strict", [True, False], ids=["strict", "loose"])
@pytest.mark.parametrize("uri", [*EMPTY_AT_THE_END, *EMPTY_ELSEWHERE])
def test_empty_components_are_for_patterns(uri, strict):
    """A prefix may end in one; a wildcard may have them anywhere."""
    rules = UriRules(strict=strict)
    assert not rules.valid(uri)
    assert rules.valid(uri, "prefix") is (uri in EMPTY_AT_THE_END)
    assert rules.valid(uri, "wildcard")


@pytest.mark.parametrize("uri", ["Com.example", "com.ex-ample", "com.é", "com.\u0661"])
def test_strict_components_are_ascii(uri):
    """``\\d`` would let the digits of every script pass."""
    assert not UriRules(strict=True).valid(uri)


@pytest.mark.parametrize("strict", [True, False], ids=["strict", "loose"])
@pytest.mark.parametrize("match", ["exact", "prefix", "wildcard"])
@pytest.mark.parametrize(
    "uri",
    ["a" * 10**6 + " ", "a." * 5 * 10**5 + " ", "." * 10**6 + " "],
    ids=["one component", "many components", "only dots"],
)
def test_no_uri_takes_long_to_refuse(uri, match, strict):
    """A message of a megabyte must not stop the loop with backtracking."""
    rules = UriRules(strict=strict)
    started = time.process_time()
    assert not rules.valid(uri, match)
    assert len(rules.problem(uri, match)) < 300
    assert time.process_time() - started < 2


@pytest.mark.parametrize(
    ("uri", "problem"),
    [
        ("a..b", "'a..b' has an empty component, which an exact URI may not have"),
        ("a b", "'a b': components may have no white space, '.' or '#'"),
        ("a" * 100 + " ", f"'{'a' * 100}...': components may have no white space"),
        ("a " + "b" * 98, f"'a {'b' * 98}': components may have no white space"),
        (".".join("a" * 101), "has more than 100 components"),
        ("a" * 8193, "has more than 8192 characters"),
    ],
    ids=["empty", "space", "101 shown", "100 shown", "components", "characters"],
)
def test_what_is_wrong_is_said(uri, problem):
    """At most 100 characters of the URI are shown."""
    assert UriRules().valid(uri) is False
    assert problem in UriRules().problem(uri)


def test_what_strict_rules_want_is_said():
    """They are stricter than what most know."""
    problem = UriRules(strict=True).problem("A.b")
    assert problem == "'A.b': components may only have lower-case letters, digits and _"


def test_as_many_components_and_characters_as_may_be():
    """The limits themselves are valid."""
    assert UriRules().valid(".".join("a" * 100))
    assert UriRules().valid("a" * 8192)


@pytest.mark.parametrize(("length", "remembered"), [(256, True), (257, False)])
def test_short_uris_are_remembered(length, remembered):
    """The next message that has such a URI is checked faster."""
    uri = "a" * length
    held = sys.getrefcount(uri)
    rules = UriRules()
    assert rules.valid(uri)
    assert (sys.getrefcount(uri) > held) is remembered
    assert rules.valid(uri)


def test_ten_thousand_uris_are_remembered():
    """Peers choose them: a bounded memory is emptied when it is full."""
    rules = UriRules()
    first, *others, last = [f"com.example.topic{number}" for number in range(10_001)]
    held = sys.getrefcount(first)
    assert all(map(rules.valid, [first, *others]))
    assert sys.getrefcount(first) == held + 1
    assert rules.valid(last)
    assert sys.getrefcount(first) == held


@pytest.mark.parametrize(
    ("uri", "is_reserved"),
    [
        ("wamp", True),
        ("wamp.", True),
        ("wamp.session.count", True),
        ("wampum", False),
        ("wampum.x", False),
        ("wamp2.x", False),
        ("com.wamp.x", False),
        ("Wamp.x", False),
        ("", False),
        (".wamp", False),
    ],
)
def test_the_protocols_namespace_is_the_first_component(uri, is_reserved):
    """Not whatever begins with the four letters."""
    assert reserved(uri) is is_reserved


@pytest.mark.parametrize(
    "uri", [*INVALID, *EMPTY_AT_THE_END, *EMPTY_ELSEWHERE], ids=ascii
)
def test_requests_with_an_invalid_uri_are_refused(join, serializer, uri):
    """Each with ERROR invalid_uri that shows the URI; the session goes on."""
    client = join(serializer)
    requests = {
        SUBSCRIBE: ({}, "Topic"),
        PUBLISH: ({"acknowledge": True}, "Topic"),
        REGISTER: ({}, "Procedure"),
        CALL: ({}, "Procedure"),
    }
    for code, (options, field) in requests.items():
        request = client.next_request()
        client.send(code, request, options, uri)
        answer = client.receive()
        assert answer[:5] == [ERROR, code, request, {}, INVALID_URI]
        assert answer[5][0].startswith(field)
        assert repr(uri) in answer[5][0]
    assert client.request(SUBSCRIBE, {}, "com.example.valid")[0] == SUBSCRIBED


@pytest.mark.parametrize("match", ["prefix", "wildcard"])
@pytest.mark.parametrize("uri", INVALID, ids=ascii)
def test_patterns_with_an_invalid_uri_are_refused(join, uri, match):
    """SUBSCRIBE and REGISTER alike."""
    client = join()
    for code in (SUBSCRIBE, REGISTER):
        assert client.request(code, {"match": match}, uri)[4] == INVALID_URI


@pytest.mark.parametrize("uri", EMPTY_ELSEWHERE)
def test_prefix_with_an_empty_component_inside_is_refused(join, uri):
    """Only its last component may be empty."""
    client = join()
    for code in (SUBSCRIBE, REGISTER):
        assert client.request(code, {"match": "prefix"}, uri)[4] == INVALID_URI
        assert client.request(code, {"match": "wildcard"}, uri)[0] == code + 1


@pytest.mark.parametrize("topic", ["wamp", "wamp.session.on_join", "wamp.x"])
def test_clients_do_not_publish_in_the_protocols_namespace(join, serializer, topic):
    """Meta events would otherwise be forged."""
    client, listener = join(serializer), join(serializer)
    listener.subscribe(topic)
    answer = client.request(PUBLISH, {"acknowledge": True}, topic, ["forged"])
    assert answer[:2] == [ERROR, PUBLISH]
    assert answer[4] == INVALID_URI
    assert "wamp." in answer[5][0]
    client.send(PUBLISH, client.next_request(), {}, topic, ["forged"])
    assert client.until_now() == []
    assert listener.until_now() == []


@pytest.mark.parametrize("match", ["exact", "prefix", "wildcard"])
@pytest.mark.parametrize("procedure", ["wamp", "wamp.session.count", "wamp.x"])
def test_clients_do_not_register_in_the_protocols_namespace(join, procedure, match):
    """Nor with a pattern."""
    answer = join().request(REGISTER, {"match": match}, procedure)
    assert answer[4] == INVALID_URI
    assert "wamp." in answer[5][0]


@pytest.mark.parametrize(
    ("pattern", "match"),
    [("", "prefix"), ("wam", "prefix"), ("..", "wildcard"), (".session.", "wildcard")],
)
def test_pattern_does_not_catch_the_protocols_calls(join, pattern, match):
    """A procedure for everything is not one for ``wamp.*``, be it ours or nobody's."""
    callee, caller = join(), join()
    callee.register(pattern, match=match)
    request = caller.call("wamp.session.count")
    code, answered, details, [count] = caller.receive()
    assert (code, answered, details) == (RESULT, request, {})
    assert count >= 2
    for procedure in ("wamp.session.counts", "wamp"):
        caller.call(procedure)
        assert caller.receive()[4] == "wamp.error.no_such_procedure"
    assert callee.until_now() == []


@pytest.mark.parametrize("name", ["wampum.x", "wampum", "wamp2.session.count"])
def test_wampum_is_an_ordinary_name(join, serializer, name):
    """Topics and procedures that only begin with the letters are free to use."""
    client, other = join(serializer), join(serializer)
    client.subscribe(name)
    assert client.request(REGISTER, {"invoke": "last"}, name)[0] == REGISTERED
    assert other.request(PUBLISH, {"acknowledge": True}, name)[0] == PUBLISHED
    assert client.receive()[0] == 36
    other.call(name)
    assert client.invoked()[3:] == []


def test_anyone_may_subscribe_in_the_protocols_namespace(join, serializer):
    """Meta events are there to be heard."""
    assert join(serializer).subscribe("wamp.session.on_join")
    assert join(serializer).subscribe("wamp.", match="prefix")


@pytest.mark.parametrize("realm", ["com..x", "a b", "realm1#"])
def test_realm_that_is_no_uri_is_called_so(connect, serializer, realm):
    """The names of realms are URIs, too."""
    client = connect(serializer)
    client.send(1, realm, {"roles": {"caller": {}}})
    assert client.receive()[2] == INVALID_URI


def test_long_uri_is_shown_shortened(join):
    """An error must not echo a megabyte."""
    client = join()
    answer = client.request(SUBSCRIBE, {}, "a b" * 100_000)
    assert answer[4] == INVALID_URI
    assert len(answer[5][0]) < 300
