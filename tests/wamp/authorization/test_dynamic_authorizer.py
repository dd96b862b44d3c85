"""Dynamic authorization: a function of the application decides."""

from __future__ import annotations

import pytest

from tests.wamp.raw_client import (
    CALL,
    ERROR,
    PUBLISH,
    REGISTER,
    SUBSCRIBE,
    SUBSCRIBED,
)
from tests.wamp.realm_kit import (
    AUTHORIZATION_FAILED,
    INVALID_URI,
    OPERATOR,
    TOPIC,
    Authorizer,
    allowed,
    events,
    refusal,
)
from wsocket import AuthorizationRequest, Grant, Permission, Role
from wsocket.wamp.authorization.authorizer import AskAuthorizer
from wsocket.wamp.session.grant import Ask
from wsocket.wamp.session.in_process import NEVER

CODES = {
    "call": CALL,
    "register": REGISTER,
    "publish": PUBLISH,
    "subscribe": SUBSCRIBE,
}


@pytest.mark.parametrize("action", CODES)
@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (True, True),
        (False, False),
        (Grant(True), True),
        (Grant(False), False),
        ({"allow": True}, True),
        ({"allow": False}, False),
        ({"allow": True, "disclose": True, "cache": True}, True),
        ({"allow": True, "disclose": "force", "unknown": 1}, True),
    ],
)
def test_answer_decides(serve, authorizer, action, answer, expected):
    """A bool, a Grant, or a dict."""
    authorizer.answer = answer
    client = serve(authorizer=authorizer).join()
    assert allowed(client, CODES[action]) is expected
    [request] = authorizer.asked
    assert (request.uri, request.action, request.match) == (TOPIC, action, "exact")


@pytest.mark.parametrize(
    "answer",
    [
        None,
        1,
        0,
        "yes",
        [],
        {},
        {"allow": 1},
        {"allow": "true"},
        {"allow": None},
        {"disclose": True},
        {"allow": True, "disclose": "sometimes"},
        {"allow": True, "disclose": 1.5},
        {"allow": True, "disclose": ["force"]},
        {1},
        ZeroDivisionError("hunter2"),
        SystemExit("hunter2"),
    ],
    ids=repr,
)
def test_nonsense_and_failures_permit_nothing(serve, authorizer, answer):
    """The error is another one than for a denial; it says nothing of the reason."""
    authorizer.answer = answer
    client = serve(authorizer=authorizer).join()
    found = client.request(SUBSCRIBE, {}, TOPIC)
    assert refusal(found) == AUTHORIZATION_FAILED
    assert "hunter2" not in str(found)
    client.send(PUBLISH, client.next_request(), {}, TOPIC)
    assert client.until_now() == [], "an unacknowledged PUBLISH has no answer"
    authorizer.answer = True
    assert allowed(client)


def test_authorizer_learns_who_wants_what(serve, authorizer):
    """The session, the URI, the action, and how the URI is meant."""
    client = serve(authorizer=authorizer).join("joe", "user")
    client.subscribe("com.", match="prefix")
    client.register("com..x", match="wildcard")
    who = {
        "session": client.session,
        "authid": "joe",
        "authrole": "user",
        "authmethod": "asked",
        "authprovider": "static",
    }
    assert authorizer.asked == [
        AuthorizationRequest(who, "com.", "subscribe", "prefix"),
        AuthorizationRequest(who, "com..x", "register", "wildcard"),
    ]


def test_rules_go_first(serve, authorizer):
    """Only where no permission decides, the authorizer is asked."""
    role = Role(
        "user",
        [Permission("com.yes.", "prefix", ["subscribe"]), Permission("com.no")],
    )
    router = serve(roles=[role], authorizer=authorizer)
    client = router.join("joe", "user")
    assert allowed(client, uri="com.yes.x")
    assert not allowed(client, uri="com.no")
    assert not allowed(client, uri="com.", match="prefix")  # it has com.no in it
    assert authorizer.asked == []
    assert allowed(client, uri="com.other")
    assert allowed(router.join("joe", "stranger"), uri="com.yes.x")
    assert authorizer.uris == ["com.other", "com.yes.x"]


@pytest.mark.parametrize("uri", ["", "com..x", "com.x\n", "#"])
def test_authorizer_is_not_asked_about_invalid_uris(serve, authorizer, uri):
    """There is nothing to decide."""
    client = serve(authorizer=authorizer).join()
    for code in (SUBSCRIBE, REGISTER, CALL):
        assert refusal(client.request(code, {}, uri)) == INVALID_URI
    answer = client.request(PUBLISH, {"acknowledge": True}, uri)
    assert refusal(answer) == INVALID_URI
    client.send(PUBLISH, client.next_request(), {}, uri)
    assert client.until_now() == []
    assert authorizer.asked == []


def test_denied_unacknowledged_publish_is_silent(serve, authorizer):
    """Here, too."""
    authorizer.answer = False
    client = serve(authorizer=authorizer).join()
    client.send(PUBLISH, client.next_request(), {}, TOPIC)
    assert client.until_now() == []
    assert authorizer.uris == [TOPIC]


@pytest.mark.parametrize(
    ("disclose", "asked", "shown"),
    [
        ("force", False, True),
        (True, False, True),
        ("allow", True, True),
        ("allow", False, False),
        (False, False, False),
        ("deny", True, None),
    ],
)
def test_authorizer_decides_on_disclosure(serve, authorizer, disclose, asked, shown):
    """As a rule does."""
    authorizer.answer = {"allow": True, "disclose": disclose}
    router = serve(roles=[OPERATOR], authorizer=authorizer)
    watcher = router.join()
    watcher.subscribe(TOPIC)
    client = router.join("joe", "user")
    options = {"acknowledge": True, "disclose_me": asked}
    answer = client.request(PUBLISH, options, TOPIC)
    found = events(watcher)
    if shown is None:
        assert answer[4] == "wamp.error.option_disallowed.disclose_me"
        assert found == []
    else:
        assert ("publisher" in found[0][0]) is shown


def test_role_keeps_its_trustlevel(serve, authorizer):
    """Unless the authorizer gives another."""
    router = serve(roles=[Role("user", trustlevel=4), OPERATOR], authorizer=authorizer)
    watcher = router.join(announced=["subscriber.publication_trustlevels"])
    watcher.subscribe(TOPIC)
    client = router.join("joe", "user")
    client.publish(TOPIC)
    authorizer.answer = Grant(True, trustlevel=9)
    client.publish(TOPIC)
    assert events(watcher) == [[{"trustlevel": 4}], [{"trustlevel": 9}]]


# Keeping answers


class Clock:
    """A runtime whose time the test sets; what is offloaded runs at once."""

    def __init__(self):
        self.now = 0.0
        self.time_of_day = 0.0

    def time(self):
        return self.time_of_day

    def monotonic(self):
        return self.now

    def call_later(self, seconds, callback, *args):
        return NEVER  # nobody lets the authorizer's time pass

    def offload(self, function, then, **how):
        then(function())
        return lambda: None

    def left(self, caller):
        pass


def request_of(*, authid="joe", uri=TOPIC, method="ticket", session=1):
    who = {
        "session": session,
        "authid": authid,
        "authrole": "user",
        "authmethod": method,
        "authprovider": "static",
    }
    return AuthorizationRequest(who, uri, "call")


def ask(asker, **details):
    request = request_of(**details)
    if asker.cached(request) is None:
        asker.ask(request, Ask(), lambda grant: None)


def new_asker(authorizer, ttl=10.0):
    clock = Clock()

    def call(*args):
        raise AssertionError("there is no procedure to call")

    asker = AskAuthorizer(authorizer, ttl=ttl, timeout=5.0, runtime=clock, call=call)
    return asker, clock


def test_answer_is_kept_for_its_time(authorizer):
    """Not longer, and anew after it."""
    asker, clock = new_asker(authorizer)
    for now, asked in ((0, 1), (9.9, 1), (10.0, 2), (19.9, 2), (20.1, 3)):
        clock.now = now
        ask(asker)
        assert len(authorizer.asked) == asked


@pytest.mark.parametrize("jump", [3600.0, -3600.0])
def test_answer_is_kept_for_its_time_if_the_time_of_day_is_set(authorizer, jump):
    """Back or forth: it is kept neither shorter nor longer."""
    asker, clock = new_asker(authorizer)
    for now, asked in ((0, 1), (9.9, 1), (10.0, 2)):
        clock.now = now
        ask(asker)
        assert len(authorizer.asked) == asked
        clock.time_of_day += jump


def test_kept_answers_are_those_of_one_user(authorizer):
    """Its sessions share them; another way of logging in is another user."""
    asker, _ = new_asker(authorizer)
    ask(asker, session=1)
    ask(asker, session=2)
    assert len(authorizer.asked) == 1
    ask(asker, authid="jim")
    ask(asker, method="anonymous")
    ask(asker, uri="com.other")
    assert len(authorizer.asked) == 4


@pytest.mark.parametrize(
    "answer", [{"allow": True, "cache": False}, {"allow": True, "cache": 1}, "nonsense"]
)
def test_answer_may_forbid_to_keep_it(authorizer, answer):
    """Nonsense is not kept either."""
    authorizer.answer = answer
    asker, _ = new_asker(authorizer)
    ask(asker)
    ask(asker)
    assert len(authorizer.asked) == 2


@pytest.mark.slow(reason="thousands of questions")
def test_kept_answers_are_bounded(authorizer):
    """A peer can ask about any number of URIs."""
    asker, _ = new_asker(authorizer)
    requests = [request_of(uri=f"com.x{number}") for number in range(25_000)]
    for request in requests:
        asker.ask(request, Ask(), lambda grant: None)
    kept = [request for request in requests if asker.cached(request) is not None]
    assert 0 < len(kept) <= 10_000
    assert requests[-1] in kept


@pytest.mark.parametrize(("length", "asked"), [(256, 1), (257, 2), (100_000, 2)])
def test_answer_for_a_long_uri_is_not_kept(authorizer, length, asked):
    """The size of the cache has a limit in bytes, too."""
    asker, _ = new_asker(authorizer)
    ask(asker, uri="x" * length)
    ask(asker, uri="x" * length)
    assert len(authorizer.asked) == asked


def test_nothing_is_kept_by_default(serve, authorizer):
    """Each request is asked about."""
    client = serve(authorizer=authorizer).join()
    assert allowed(client)
    assert allowed(client)
    assert len(authorizer.asked) == 2


def test_kept_answer_needs_no_asking(serve, authorizer):
    """Also a denial."""
    router = serve(authorizer=authorizer, authorizer_ttl=1000)
    client = router.join()
    assert allowed(client)
    authorizer.answer = False
    assert allowed(client)
    assert not allowed(client, uri="com.other")
    authorizer.answer = True
    assert not allowed(router.join(), uri="com.other")
    assert authorizer.uris == [TOPIC, "com.other"]


# At run time


def test_authorizer_is_swapped_at_run_time(serve, authorizer):
    """For sessions that are there already; what the old one said is forgotten."""
    router = serve(authorizer=authorizer, authorizer_ttl=1000)
    client = router.join()
    assert allowed(client)
    other = Authorizer(answer=False)
    router.app.set_authorizer("realm1", other)
    assert not allowed(client)
    assert authorizer.uris == other.uris == [TOPIC]
    router.app.set_authorizer("realm1", authorizer)
    assert allowed(client)
    assert authorizer.uris == [TOPIC, TOPIC]


def test_authorizer_may_come_and_go(serve, authorizer):
    """Without one, and without roles, the realm is open."""
    router = serve()
    client = router.join()
    assert allowed(client)
    authorizer.answer = False
    router.app.set_authorizer("realm1", authorizer)
    assert not allowed(client)
    router.app.set_authorizer("realm1", None)
    assert allowed(client)
    assert len(authorizer.asked) == 1


def test_rules_hold_whoever_the_authorizer_is(serve, authorizer):
    """Without one, what no rule decides is denied again."""
    rule = Permission("com.yes", allow=["subscribe"])
    router = serve(roles=[Role("user", [rule])])
    client = router.join("joe", "user")
    assert not allowed(client)
    router.app.set_authorizer("realm1", authorizer)
    assert allowed(client)
    assert allowed(client, uri="com.yes")
    router.app.set_authorizer("realm1", None)
    assert not allowed(client, uri="com.other")
    assert allowed(client, uri="com.yes")


def test_swap_while_asked_lets_the_old_one_finish(serve, authorizer):
    """The request was made under it; the next one is under the new one."""
    router = serve(authorizer=authorizer)
    client = router.join()
    authorizer.gate.clear()
    client.send(SUBSCRIBE, 1, {}, TOPIC)
    client.send(SUBSCRIBE, 2, {}, TOPIC)
    authorizer.wait_until_asked()
    router.app.set_authorizer("realm1", lambda request: False)
    authorizer.gate.set()
    assert client.receive()[0] == SUBSCRIBED
    assert client.receive()[0] == ERROR


def test_application_itself_is_never_asked_about(serve, authorizer):
    """Neither before nor after a swap."""
    authorizer.answer = False
    router = serve(authorizer=authorizer)
    router.app.register("com.example.own")(lambda: 1)
    router.app.set_authorizer("realm1", authorizer)
    assert router.app.call("com.example.own") == 1
    assert authorizer.asked == []


@pytest.mark.parametrize("wrong", [5, "not a uri", "wamp.x", "com..x"])
def test_swap_to_nonsense_changes_nothing(serve, authorizer, wrong):
    """It raises, and the old one goes on."""
    router = serve(authorizer=authorizer)
    with pytest.raises((TypeError, ValueError), match=r"^authorizer: "):
        router.app.set_authorizer("realm1", wrong)
    with pytest.raises(KeyError):
        router.app.set_authorizer("nowhere", authorizer)
    assert allowed(router.join())
    assert authorizer.uris == [TOPIC]
