"""Testaments: events that a session leaves behind."""

from __future__ import annotations

import pytest

from tests.wamp.raw_client import ABORT, CALL, GOODBYE
from tests.wamp.realm_kit import (
    ALL,
    INVALID_ARGUMENT,
    INVALID_URI,
    NOT_AUTHORIZED,
    OPERATOR,
    AsAsked,
    enter,
    error,
    events,
    explanation,
    payloads,
    result,
)
from wsocket import Permission, Realm, Role

TOPIC = "com.example.will"
ADD, FLUSH = "wamp.session.add_testament", "wamp.session.flush_testaments"


@pytest.fixture
def router(serve):
    return serve(
        roles=[
            OPERATOR,
            Role("mute", [Permission("", "prefix", ["call", "subscribe"])]),
            Role("hidden", [Permission("com.", "prefix", ["publish"], "deny"), ALL]),
            Role("shown", [Permission("com.", "prefix", ["publish"], "force"), ALL]),
        ],
        testaments=3,
    )


@pytest.fixture
def heir(router):
    client = router.join("heir")
    client.subscribe("com.", match="prefix")
    return client


def goodbye(client, heir):
    client.leave()


def disconnect(client, heir):
    client.close()
    heir.inbox.append(heir.receive())  # wait until the router has noticed


def abort(client, heir):
    client.send(ABORT, {}, "com.example.reason")
    assert client.end() == 1000


def violate(client, heir):
    client.send(999)
    client.aborted()


def kill(client, heir):
    result(heir, "wamp.session.kill", client.session)


@pytest.mark.parametrize("end", [goodbye, disconnect, abort, violate, kill])
def test_testament_is_published_however_a_session_ends(router, heir, end):
    """A clean GOODBYE included."""
    client = router.join("joe")
    assert result(client, ADD, TOPIC, ["the end"], {}) is None
    assert events(heir) == []
    end(client, heir)
    assert events(heir) == [[{"topic": TOPIC}, ["the end"]]]


def test_add_answers_without_a_result(router, serializer):
    """Not with a null."""
    client = router.join(serializer=serializer)
    request = client.call(ADD, [TOPIC, [], {}])
    assert client.receive() == [50, request, {}]


def test_payload_arrives_whole(router, heir, serializer):
    """Positional and keyword arguments, in every serializer."""
    client = router.join(serializer=serializer)
    result(client, ADD, TOPIC, [1, "é", [None]], {"k": {"l": True}})
    client.leave()
    details = {"topic": TOPIC}
    assert events(heir) == [[details, [1, "é", [None]], {"k": {"l": True}}]]


def test_detached_ones_come_first_each_in_their_order(router, heir):
    """Without session resumption a session is detached and destroyed at once."""
    client = router.join()
    result(client, ADD, TOPIC, [1], {})
    result(client, ADD, TOPIC, [2], {}, scope="detached")
    result(client, ADD, TOPIC, [3], {}, scope="destroyed")
    client.leave()
    assert payloads(heir) == [[2], [1], [3]]


def test_flush_drops_one_scope(router, heir):
    """By default ``destroyed``."""
    client = router.join()
    result(client, ADD, TOPIC, [1], {})
    result(client, ADD, TOPIC, [2], {}, scope="detached")
    result(client, FLUSH)
    client.leave()
    assert payloads(heir) == [[2]]
    client = enter(client, "joe", "operator")
    result(client, ADD, TOPIC, [3], {})
    result(client, ADD, TOPIC, [4], {}, scope="detached")
    result(client, FLUSH, scope="detached")
    client.leave()
    assert payloads(heir) == [[3]]


def test_flush_of_nothing_is_no_error(router):
    """There were none."""
    client = router.join()
    for scope in ("destroyed", "detached"):
        answer = client.request(CALL, {}, FLUSH, [], {"scope": scope})
        assert answer[0] == 50


def test_flush_is_about_ones_own_testaments(router, heir):
    """Another session's are safe."""
    client, other = router.join("joe"), router.join("joe")
    result(client, ADD, TOPIC, [1], {})
    result(other, FLUSH)
    client.leave()
    assert payloads(heir) == [[1]]


def test_publish_options_apply(router, heir):
    """Lists, disclosure and retention, as in a PUBLISH of the session itself."""
    client = router.join("joe")
    session = client.session
    excluded = {"exclude_authid": ["heir"]}
    shown = {"disclose_me": True, "eligible": [heir.session], "retain": True}
    result(client, ADD, TOPIC, [1], {}, publish_options=excluded)
    result(client, ADD, TOPIC, [2], {}, publish_options=shown)
    client.leave()
    details = {
        "publisher": session,
        "publisher_authid": "joe",
        "publisher_authrole": "operator",
        "topic": TOPIC,
    }
    assert events(heir) == [[details, [2]]]
    heir.subscribe(TOPIC, get_retained=True)
    [[details, args]] = events(heir)
    assert (details["retained"], args) == (True, [2])


def test_testament_is_published_under_the_sessions_role(router, heir):
    """Disclosed if the role is, by force."""
    client = router.join("joe", "shown")
    session = client.session
    result(client, ADD, TOPIC, [1], {})
    client.leave()
    [[details, _]] = events(heir)
    assert details["publisher"] == session
    assert details["publisher_authrole"] == "shown"


def test_testament_is_authorized_when_it_is_added(router, heir):
    """Who may not publish may not leave an event behind either."""
    client = router.join("joe", "mute")
    assert error(client, ADD, TOPIC, [1], {}) == NOT_AUTHORIZED
    client.leave()
    assert events(heir) == []


def test_refused_disclosure_is_refused_when_it_is_added(router):
    """As for a PUBLISH."""
    client = router.join("joe", "hidden")
    uri = "wamp.error.option_disallowed.disclose_me"
    assert (
        error(client, ADD, TOPIC, [1], {}, publish_options={"disclose_me": True}) == uri
    )


@pytest.mark.parametrize(
    "topic", ["wamp.session.on_leave", "wamp", "", "com..x", "com.x\n", "com.#"]
)
def test_topic_must_be_one_for_clients(router, topic):
    """Neither the protocol's own nor an invalid one."""
    assert error(router.join(), ADD, topic, [1], {}) == INVALID_URI


@pytest.mark.parametrize(
    ("args", "kwargs", "named"),
    [
        ([], {}, "topic"),
        ([1, [], {}], {}, "topic"),
        ([TOPIC, "no list", {}], {}, "args"),
        ([TOPIC, 0, {}], {}, "args"),
        ([TOPIC, {}, {}], {}, "args"),
        ([TOPIC, [], []], {}, "kwargs"),
        ([TOPIC, [], {}], {"scope": "eternal"}, "scope"),
        ([TOPIC, [], {}], {"publish_options": []}, "publish_options"),
        ([TOPIC, [], {}], {"publish_options": {"exclude_me": 1}}, "exclude_me"),
        ([TOPIC, [], {}], {"publish_options": {"eligible": [0]}}, "eligible"),
        ([TOPIC, [], {}], {"publish_options": {"exclude": "x"}}, "exclude"),
        ([TOPIC, [], {}], {"nonsense": 1}, "nonsense"),
        ([TOPIC, [], {}, 1], {}, "argument"),
    ],
)
def test_wrong_argument_is_named(router, heir, args, kwargs, named):
    """And nothing is left behind."""
    client = router.join()
    answer = client.request(CALL, {}, ADD, args, kwargs)
    assert answer[4] == INVALID_ARGUMENT
    assert named in explanation(answer)
    assert "Procedures" not in explanation(answer)
    client.leave()
    assert events(heir) == []


@pytest.mark.parametrize("scope", ["eternal", 1, ["detached"], {}])
def test_flush_knows_two_scopes(router, scope):
    """Anything else is an invalid argument."""
    assert error(router.join(), FLUSH, scope=scope) == INVALID_ARGUMENT


def test_unknown_publish_options_are_ignored(router, heir):
    """As in PUBLISH."""
    client = router.join()
    options = {"acknowledge": True, "_own": 1, "x_other": [1]}
    result(client, ADD, TOPIC, [1], {}, publish_options=options)
    client.leave()
    assert payloads(heir) == [[1]]


def test_session_has_a_limited_number_of_testaments(router, heir):
    """Of both scopes together; what was flushed no longer counts."""
    client = router.join()
    for number in range(3):
        scope = "detached" if number else "destroyed"
        result(client, ADD, TOPIC, [number], {}, scope=scope)
    assert error(client, ADD, TOPIC, ["x"], {}) == NOT_AUTHORIZED
    result(client, FLUSH)
    result(client, ADD, TOPIC, [3], {})
    client.leave()
    assert payloads(heir) == [[1], [2], [3]]


def test_next_session_of_a_transport_has_no_testaments(router, heir):
    """They were the former one's."""
    client = router.join("joe")
    result(client, ADD, TOPIC, [1], {})
    client.leave()
    client = enter(client, "jim", "operator")
    client.leave()
    assert payloads(heir) == [[1]]


def test_testaments_come_before_on_leave(router):
    """First the session's own last words, then the router's."""
    heir = router.join("heir")
    will = heir.subscribe(TOPIC)
    left = heir.subscribe("wamp.session.on_leave")
    client = router.join()
    result(client, ADD, TOPIC, [1], {})
    client.send(GOODBYE, {}, "wamp.close.close_realm")
    client.receive()
    assert [message[1] for message in heir.until_now()] == [will, left]


def test_kill_all_publishes_no_testaments(router, heir):
    """The realm is emptied in silence."""
    client = router.join()
    result(client, ADD, TOPIC, [1], {})
    assert result(heir, "wamp.session.kill_all") == 1
    assert client.receive()[0] == GOODBYE
    assert events(heir) == []


def test_testaments_of_a_closing_realm_reach_who_is_still_there(serve):
    """They end with their sessions, one after the other."""
    router = serve(realms=[Realm("other", auth=[AsAsked()])])
    client = router.join("joe", realm="other")
    heir = router.join("heir", realm="other")
    heir.subscribe(TOPIC)
    result(client, ADD, TOPIC, [1], {})
    router.app.remove_realm("other")
    assert heir.receive()[4] == [1]
    assert heir.receive()[0] == GOODBYE
