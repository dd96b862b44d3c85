"""Static rules: who may do what, over the wire and against a naive oracle."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.wamp.raw_client import (
    CALL,
    ERROR,
    INVOCATION,
    PUBLISH,
    REGISTER,
    REGISTERED,
    SUBSCRIBE,
    SUBSCRIBED,
)
from tests.wamp.realm_kit import (
    ACTIONS,
    ALL,
    INVALID_URI,
    NOT_AUTHORIZED,
    OPERATOR,
    AsAsked,
    events,
    payloads,
    refusal,
)
from wsocket import Permission, Realm, Role
from wsocket.wamp.authorization.rules import compile_roles, unknown_role
from wsocket.wamp.protocol.uris import fits
from wsocket.wamp.session.grant import Ask, Grant
from wsocket.wamp.session.role_grants import asked

TOPIC = "com.example.topic"
DISCLOSE_ME = "wamp.error.option_disallowed.disclose_me"
REQUESTS = {"call": CALL, "register": REGISTER, "subscribe": SUBSCRIBE}


def granted(permissions, action, uri, match="exact"):
    """Whether a role with these permissions may do that; None: ask."""
    compiled = compile_roles([Role("role", permissions)], asks=False)
    grant = compiled["role"][action][asked(uri, match)]
    assert grant is not None
    return grant.allowed


def test_role_may_do_what_it_is_permitted_and_nothing_else(serve, serializer):
    """Each action by itself; the error names the role, the action and the URI."""
    permissions = [Permission(f"com.{action}", allow=[action]) for action in ACTIONS]
    router = serve(roles=[Role("user", permissions), OPERATOR])
    client = router.join("joe", "user", serializer=serializer)
    for action, code in REQUESTS.items():
        for topic in ACTIONS:
            answer = client.request(code, {}, f"com.{topic}")
            if action != topic:
                assert answer[:2] == [ERROR, code]
                assert refusal(answer) == NOT_AUTHORIZED
                for word in ("user", action, f"com.{topic}"):
                    assert word in answer[5][0]
            elif action == "call":
                assert refusal(answer) == "wamp.error.no_such_procedure"
            else:
                assert answer[0] == code + 1
    for topic in ACTIONS:
        answer = client.request(PUBLISH, {"acknowledge": True}, f"com.{topic}")
        assert (answer[0] == ERROR) is (topic != "publish")


def test_unacknowledged_publish_is_denied_in_silence(serve, serializer):
    """No answer, and no event."""
    router = serve(roles=[Role("user"), OPERATOR])
    watcher = router.join("watcher")
    watcher.subscribe("", match="prefix")
    client = router.join("joe", "user", serializer=serializer)
    watcher.until_now()
    for options in ({}, {"acknowledge": False}, {"retain": True}):
        for topic in (TOPIC, "", "not valid", "wamp.session.on_join"):
            client.send(PUBLISH, client.next_request(), options, topic, [1])
    assert client.until_now() == []
    assert events(watcher) == []


def test_role_that_is_not_configured_may_do_nothing(serve):
    """Once there are roles; without any, everybody may do everything."""
    router = serve(roles=[OPERATOR], realms=[Realm("open.realm", auth=[AsAsked()])])
    client = router.join("joe", "stranger")
    for code in REQUESTS.values():
        assert refusal(client.request(code, {}, TOPIC)) == NOT_AUTHORIZED
    answer = client.request(PUBLISH, {"acknowledge": True}, TOPIC)
    assert refusal(answer) == NOT_AUTHORIZED
    client = router.join("joe", "stranger", realm="open.realm")
    assert client.request(SUBSCRIBE, {}, TOPIC)[0] == SUBSCRIBED


@pytest.mark.parametrize("uri", ["", "com..x", "com.x\n", "com x", "#", ".", "com."])
def test_invalid_uri_is_said_before_anything_else(serve, uri, serializer):
    """Also to who may not do anything."""
    client = serve(roles=[Role("user")]).join("joe", "user", serializer=serializer)
    for code in REQUESTS.values():
        assert refusal(client.request(code, {}, uri)) == INVALID_URI
    answer = client.request(PUBLISH, {"acknowledge": True}, uri)
    assert refusal(answer) == INVALID_URI


def test_strict_rules_come_before_authorization(serve):
    """What is no URI here is not merely forbidden."""
    client = serve(roles=[Role("user")], strict_uris=True).join("joe", "user")
    assert refusal(client.request(SUBSCRIBE, {}, "com.Upper")) == INVALID_URI
    assert refusal(client.request(SUBSCRIBE, {}, "com.lower")) == NOT_AUTHORIZED


def test_exact_rule_is_not_one_for_a_prefix(serve):
    """Otherwise com.app would hear com.apple."""
    role = Role("user", [Permission("com.app", allow=["subscribe", "register"])])
    client = serve(roles=[role]).join("joe", "user")
    for code, done in ((SUBSCRIBE, SUBSCRIBED), (REGISTER, REGISTERED)):
        assert client.request(code, {}, "com.app")[0] == done
        answer = client.request(code, {"match": "prefix"}, "com.app")
        assert refusal(answer) == NOT_AUTHORIZED
        assert "prefix" in answer[5][0]
        answer = client.request(code, {"match": "wildcard"}, "com.app")
        assert answer[0] == done  # without an empty component it is only itself


# (rule, requested, whether the rule covers it)
COVERAGE = [
    (("com.app", "prefix"), ("com.app", "exact"), True),
    (("com.app", "prefix"), ("com.apple", "exact"), True),
    (("com.app", "prefix"), ("com.ap", "exact"), False),
    (("com.app", "prefix"), ("com.app", "prefix"), True),
    (("com.app", "prefix"), ("com.apple.", "prefix"), True),
    (("com.app", "prefix"), ("com.ap", "prefix"), False),
    (("com.app", "prefix"), ("", "prefix"), False),
    (("", "prefix"), ("", "prefix"), True),
    (("", "prefix"), ("..", "wildcard"), True),
    (("com.app", "prefix"), ("com.app.", "wildcard"), True),
    (("com.app", "prefix"), ("com.app..x", "wildcard"), True),
    (("com.app", "prefix"), ("com..app", "wildcard"), False),
    (("com.", "prefix"), ("com..app", "wildcard"), True),
    (("com", "prefix"), ("com..app", "wildcard"), True),
    (("com.a", "prefix"), (".a", "wildcard"), False),
    (("com..x", "wildcard"), ("com.a.x", "exact"), True),
    (("com..x", "wildcard"), ("com.a.b.x", "exact"), False),
    (("com..x", "wildcard"), ("com..x", "wildcard"), True),
    (("com..x", "wildcard"), ("com.a.x", "wildcard"), True),
    (("com..x", "wildcard"), ("com..", "wildcard"), False),
    (("com..", "wildcard"), ("com..x", "wildcard"), True),
    (("com..x", "wildcard"), ("com.a.x", "prefix"), False),
    (("..", "wildcard"), ("", "prefix"), False),
    (("com.x", "exact"), ("com.x", "prefix"), False),
    (("com.x", "exact"), ("com.", "wildcard"), False),
    (("com.x", "wildcard"), ("com.x", "exact"), True),
]


@pytest.mark.parametrize(("rule", "requested", "covered"), COVERAGE)
def test_rule_must_cover_the_whole_pattern(rule, requested, covered):
    """Every URI that the request stands for."""
    permissions = [Permission(*rule, allow=["subscribe"])]
    assert granted(permissions, "subscribe", *requested) is covered


@pytest.mark.parametrize("reverse", [False, True])
def test_longest_rule_decides(reverse):
    """In whatever order the rules are given."""
    rules = [
        Permission("com.", "prefix", ["call"]),
        Permission("com.secret.", "prefix"),
        Permission("com.secret.door", "exact", ["call"]),
        Permission("com.secret.door.", "prefix", ["publish"]),
    ]
    if reverse:
        rules.reverse()
    for uri, expected in (
        ("com.x", True),
        ("com.secret", True),
        ("com.secret.x", False),
        ("com.secret.door", True),
        ("com.secret.doors", False),
        ("com.secret.door.knob", False),
        ("org.x", False),
    ):
        assert granted(rules, "call", uri) is expected, uri


@pytest.mark.parametrize("reverse", [False, True])
@pytest.mark.parametrize("match", ["prefix", "wildcard"])
def test_exact_rule_goes_before_a_pattern_of_its_length(reverse, match):
    """In whatever order: it is about nothing else."""
    rules = [Permission("com.app", match, ["call"]), Permission("com.app")]
    if reverse:
        rules.reverse()
    assert granted(rules, "call", "com.app") is False
    assert granted(rules, "call", "com.app", match) is False


def test_first_of_two_equal_rules_decides():
    """One of them has to."""
    yes, no = Permission("com.", "prefix", ["call"]), Permission("com.", "prefix")
    assert granted([yes, no], "call", "com.x") is True
    assert granted([no, yes], "call", "com.x") is False


def test_denying_rule_inside_a_pattern_denies_the_pattern(serve):
    """The rest of it can be had by narrower patterns."""
    role = Role(
        "user",
        [
            Permission("com.", "prefix", ["subscribe", "register"]),
            Permission("com.secret.", "prefix"),
        ],
    )
    router = serve(roles=[role, OPERATOR])
    client = router.join("joe", "user")
    for code, done in ((SUBSCRIBE, SUBSCRIBED), (REGISTER, REGISTERED)):
        for uri, match, allowed in (
            ("com.", "prefix", False),
            ("com.secret", "prefix", False),
            ("com.secret.", "prefix", False),
            ("com.s", "prefix", False),
            ("com.a", "prefix", True),
            ("com..x", "wildcard", False),
            ("com.a.", "wildcard", True),
        ):
            answer = client.request(code, {"match": match}, uri)
            assert answer[0] == (done if allowed else ERROR), (uri, match)
    router.join("kim").publish("com.secret.x", [1])
    assert payloads(client) == []


def test_rules_of_one_action_do_not_hide_in_anothers():
    """A longer rule that allows something else denies this."""
    rules = [
        Permission("com.", "prefix", ["subscribe", "publish"]),
        Permission("com.in.", "prefix", ["publish"]),
    ]
    assert granted(rules, "publish", "com.in.x") is True
    assert granted(rules, "subscribe", "com.in.x") is False
    assert granted(rules, "subscribe", "com.", "prefix") is False


def test_authorization_is_by_realm(serve):
    """The same role has other rules elsewhere."""
    router = serve(
        roles=[Role("user", [ALL])],
        realms=[Realm("other", roles=[Role("user")], auth=[AsAsked()])],
    )
    client = router.join("joe", "user")
    assert client.request(SUBSCRIBE, {}, TOPIC)[0] == SUBSCRIBED
    client = router.join("joe", "user", realm="other")
    assert refusal(client.request(SUBSCRIBE, {}, TOPIC)) == NOT_AUTHORIZED


def test_denied_request_changes_nothing(serve):
    """Nothing is created, invoked, or announced."""
    router = serve(roles=[Role("user"), OPERATOR])
    operator = router.join()
    operator.register(TOPIC)
    operator.subscribe("wamp.", match="prefix")
    operator.until_now()
    client = router.join("joe", "user")
    operator.until_now()
    for code in (SUBSCRIBE, REGISTER, CALL):
        assert refusal(client.request(code, {}, TOPIC)) == NOT_AUTHORIZED
    assert operator.until_now() == []


def test_application_itself_may_do_everything(serve):
    """Its own procedures and events need no permission."""
    router = serve(roles=[OPERATOR])
    router.app.register("com.example.add")(lambda a, b: a + b)
    assert router.app.call("com.example.add", 1, 2) == 3
    client = router.join()
    client.subscribe(TOPIC)
    router.app.publish(TOPIC, "x")
    assert client.receive()[4] == ["x"]


@pytest.mark.parametrize(
    ("disclose", "asked", "shown"),
    [
        ("allow", False, False),
        ("allow", True, True),
        ("force", False, True),
        ("force", True, True),
        ("deny", False, False),
        ("deny", True, None),
    ],
)
def test_disclosure_of_callers_is_a_matter_of_the_rule(
    serve, disclose, asked, shown, serializer
):
    """As it asks, always, or never; to ask in vain is an error, not silence."""
    rule = Permission("com.", "prefix", ["call"], disclose=disclose)
    router = serve(roles=[Role("user", [rule]), OPERATOR])
    callee = router.join("callee", serializer=serializer)
    callee.register("com.example.procedure")
    caller = router.join("joe", "user", serializer=serializer)
    request = caller.call("com.example.procedure", disclose_me=asked)
    if shown is None:
        assert caller.receive()[2:5] == [request, {}, DISCLOSE_ME]
        assert callee.until_now() == []
        return
    message = callee.receive()
    assert message[0] == INVOCATION
    expected = {
        "caller": caller.session,
        "caller_authid": "joe",
        "caller_authrole": "user",
    }
    assert message[3] == (expected if shown else {})


def test_trustlevel_of_a_caller_is_for_callees_that_know_it(serve):
    """Others see no such key."""
    router = serve(roles=[Role("ranked", [ALL], trustlevel=3), OPERATOR])
    knowing = router.join("one", announced=["callee.call_trustlevels"])
    other = router.join("two")
    knowing.register("com.example.one")
    other.register("com.example.two")
    caller = router.join("joe", "ranked")
    caller.call("com.example.one")
    caller.call("com.example.two")
    assert knowing.receive()[3] == {"trustlevel": 3}
    assert other.receive()[3] == {}


def test_long_uris_are_not_kept_in_memory():
    """A peer chooses them: only short ones are cached, and not without end."""
    for grants in (
        compile_roles([Role("x", [ALL])], asks=False)["x"]["call"],
        unknown_role(asks=False)["call"],
    ):
        for length, kept in ((100_000, 0), (257, 0), (256, 1)):
            assert grants["x" * length] is not None
            assert len(grants) == kept
        for number in range(25_000):
            assert grants[f"com.x{number}"] is not None
        assert 0 < len(grants) <= 10_000


# Against an oracle that knows all URIs of a small world

COMPONENTS = ("a", "b", "ab")
WORLD = [
    ".".join(components)
    for length in (1, 2, 3)
    for components in itertools.product(COMPONENTS, repeat=length)
]
PIECES = ("", *COMPONENTS)

wildcards = st.lists(st.sampled_from(PIECES), min_size=1, max_size=3).map(".".join)
prefixes = st.one_of(
    st.just(""),
    st.sampled_from(WORLD),
    st.sampled_from(WORLD).map(lambda uri: uri + "."),
)
patterns = st.one_of(
    st.tuples(st.sampled_from(WORLD), st.just("exact")),
    st.tuples(prefixes, st.just("prefix")),
    st.tuples(wildcards, st.just("wildcard")),
)
rules = st.lists(
    st.builds(
        lambda pattern, allowed: Permission(*pattern, ["call"] if allowed else []),
        patterns,
        st.booleans(),
    ),
    max_size=6,
)


def oracle(permissions, uri):
    """The longest rule that fits; an exact one first, else the first given."""
    best = None
    for each in permissions:
        if fits(uri, each.uri, each.match):
            rank = (len(each.uri), each.match == "exact")
            if best is None or rank > best[0]:
                best = rank, "call" in each.allow
    return best is not None and best[1]


@given(rules, st.sampled_from(WORLD))
def test_decision_about_a_uri_agrees_with_the_oracle(permissions, uri):
    """The longest match wins, and without a match it is denied."""
    assert granted(permissions, "call", uri) is oracle(permissions, uri)


@given(rules, patterns)
def test_granted_pattern_has_no_denied_uri(permissions, pattern):
    """Whatever the rules are."""
    if granted(permissions, "call", *pattern):
        family = [uri for uri in WORLD if fits(uri, *pattern)]
        assert all(oracle(permissions, uri) for uri in family), pattern


@given(st.lists(patterns, max_size=5), patterns)
def test_pattern_inside_one_rule_is_granted_where_nothing_denies(allowed, pattern):
    """The check is not so careful that it refuses what is plainly permitted."""
    permissions = [Permission(*each, ["call"]) for each in [*allowed, pattern]]
    assert granted(permissions, "call", *pattern)
    assert granted([Permission("", "prefix", ["call"])], "call", *pattern)


@given(rules, patterns)
def test_authorizer_is_not_asked_about_what_rules_deny(permissions, pattern):
    """It decides where no rule does, never against one."""
    grant = verdict(permissions, pattern)
    family = [uri for uri in WORLD if fits(uri, *pattern)]
    denied = [
        uri
        for uri in family
        if not oracle(permissions, uri)
        and any(fits(uri, each.uri, each.match) for each in permissions)
    ]
    if denied:
        assert isinstance(grant, Grant)
        assert not grant.allowed


asking_rules = st.lists(
    st.builds(
        lambda pattern, allow, cache: Permission(*pattern, allow, cache=cache),
        patterns,
        st.sampled_from([("call",), (), None]),
        st.booleans(),
    ),
    max_size=6,
)


def verdict(permissions, pattern):
    """What a role with these permissions may call where there is an authorizer."""
    compiled = compile_roles([Role("role", permissions)], asks=True)
    return compiled["role"]["call"][asked(*pattern)]


@given(asking_rules, patterns)
def test_pattern_is_decided_by_the_strictest_of_its_uris(permissions, pattern):
    """Permitted: all of them are. Asked about: none is denied by a rule."""
    family = [uri for uri in WORLD if fits(uri, *pattern)]
    each = [verdict(permissions, (uri, "exact")) for uri in family]
    whole = verdict(permissions, pattern)
    if isinstance(whole, Ask):
        assert all(isinstance(one, Ask) or one.allowed for one in each)
    elif whole.allowed:
        assert all(one.allowed for one in each)


@given(asking_rules, patterns)
def test_answer_about_a_pattern_is_kept_if_it_may_be_for_each_uri(permissions, pattern):
    """A rule with cache=False is not got around by asking for more."""
    family = [uri for uri in WORLD if fits(uri, *pattern)]
    each = [verdict(permissions, (uri, "exact")) for uri in family]
    whole = verdict(permissions, pattern)
    if isinstance(whole, Ask) and whole.cache:
        assert all(one.cache for one in each if isinstance(one, Ask))
