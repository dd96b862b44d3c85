"""Rules that leave the decision to the authorizer, and its answer's fate to a flag."""

from __future__ import annotations

import pytest

from tests.wamp.raw_client import PUBLISH, SUBSCRIBE
from tests.wamp.realm_kit import (
    NOT_AUTHORIZED,
    OPERATOR,
    allowed,
    events,
    refusal,
)
from wsocket import Grant, Permission, Role

EVERYTHING = ("call", "register", "publish", "subscribe")


@pytest.fixture
def router(serve, authorizer):
    """Everything under com. is permitted, but com.asked. and com.fresh. by asking."""
    rules = [
        Permission("com.", "prefix", EVERYTHING),
        Permission("com.asked.", "prefix", allow=None),
        Permission("com.fresh.", "prefix", allow=None, cache=False),
        Permission("com.asked.never", "prefix"),
    ]
    return serve(
        roles=[Role("user", rules)], authorizer=authorizer, authorizer_ttl=1000
    )


def test_authorizer_decides_under_such_a_rule(router, authorizer, serializer):
    """Though a shorter rule permits, and against it."""
    authorizer.answer = lambda request: request.uri.endswith("yes")
    client = router.join("joe", "user", serializer=serializer)
    assert allowed(client, uri="com.x")
    assert allowed(client, uri="com.asked.yes")
    assert not allowed(client, uri="com.asked.no")
    assert not allowed(client, uri="com.asked.never")
    assert authorizer.uris == ["com.asked.yes", "com.asked.no"]


def test_answer_is_kept_unless_the_rule_forbids_it(router, authorizer):
    """Permission.cache, for the URIs that the rule is about."""
    client = router.join("joe", "user")
    for _ in range(3):
        assert allowed(client, uri="com.asked.x")
        assert allowed(client, uri="com.fresh.x")
    assert authorizer.uris == [
        "com.asked.x",
        "com.fresh.x",
        "com.fresh.x",
        "com.fresh.x",
    ]


@pytest.mark.parametrize(
    "answer", [True, Grant(True), {"allow": True}, {"allow": True, "cache": True}]
)
def test_answer_cannot_permit_what_the_rule_forbids(router, authorizer, answer):
    """Both must agree that it may be kept."""
    authorizer.answer = answer
    client = router.join("joe", "user")
    assert allowed(client, uri="com.fresh.x")
    assert allowed(client, uri="com.fresh.x")
    assert len(authorizer.asked) == 2


def test_revoked_right_ends_at_once_under_a_fresh_rule(router, authorizer):
    """That is what cache=False is for."""
    client = router.join("joe", "user")
    assert allowed(client, uri="com.asked.x")
    assert allowed(client, uri="com.fresh.x")
    authorizer.answer = False
    assert allowed(client, uri="com.asked.x"), "kept for its time"
    assert not allowed(client, uri="com.fresh.x")


def test_pattern_over_such_rules_is_asked_about(router, authorizer):
    """It stands for URIs that the authorizer decides on; not over one that denies."""
    client = router.join("joe", "user")
    assert allowed(client, uri="com.fresh", match="prefix")
    assert allowed(client, uri="com.fresh", match="prefix")
    assert authorizer.uris == ["com.fresh", "com.fresh"], "and the answer is not kept"
    assert not allowed(client, uri="com.asked.", match="prefix")
    assert len(authorizer.asked) == 2


@pytest.mark.parametrize(
    ("answer", "shown"),
    [
        (True, True),
        ({"allow": True}, True),
        ({"allow": True, "disclose": False}, False),
        (Grant(True), False),
    ],
)
def test_disclosure_of_the_rule_holds_where_the_answer_has_none(
    serve, authorizer, answer, shown
):
    """An answer that says something of it is the last word."""
    authorizer.answer = answer
    rule = Permission("com.", "prefix", allow=None, disclose="force")
    router = serve(roles=[OPERATOR, Role("user", [rule])], authorizer=authorizer)
    watcher = router.join()
    watcher.subscribe("com.x")
    router.join("joe", "user").publish("com.x")
    [[details]] = events(watcher)
    assert ("publisher" in details) is shown


def test_without_an_authorizer_such_a_rule_denies(serve, authorizer):
    """Until there is one."""
    rule = Permission("com.", "prefix", allow=None)
    router = serve(roles=[Role("user", [rule])])
    client = router.join("joe", "user")
    assert refusal(client.request(SUBSCRIBE, {}, "com.x")) == NOT_AUTHORIZED
    assert refusal(client.request(PUBLISH, {"acknowledge": True}, "com.x"))
    router.app.set_authorizer("realm1", authorizer)
    assert allowed(client, uri="com.x")
    router.app.set_authorizer("realm1", None)
    assert not allowed(client, uri="com.x")
