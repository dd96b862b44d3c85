"""A wrong configuration is refused when it is made, and the error names the field."""

from __future__ import annotations

import pytest

from tests.wamp.realm_kit import AsAsked
from wsocket import Permission, Realm, Remember, Role, WSocketApp
from wsocket.wamp.auth import Anonymous


async def coroutine(request):
    return True


@pytest.mark.parametrize(
    ("fields", "named"),
    [
        ({"match": "regex"}, "Permission.match"),
        ({"match": None}, "Permission.match"),
        ({"match": []}, "Permission.match"),
        ({"uri": 5}, "Permission.uri"),
        ({"uri": None}, "Permission.uri"),
        ({"uri": ""}, "Permission.uri"),
        ({"uri": "com..x"}, "Permission.uri"),
        ({"uri": "com.x\n"}, "Permission.uri"),
        ({"uri": "com x", "match": "prefix"}, "Permission.uri"),
        ({"uri": "com.#", "match": "wildcard"}, "Permission.uri"),
        ({"allow": "call"}, "Permission.allow"),
        ({"allow": True}, "Permission.allow"),
        ({"allow": ["write"]}, "Permission.allow"),
        ({"allow": ["call", 1]}, "Permission.allow"),
        ({"disclose": "sometimes"}, "Permission.disclose"),
        ({"disclose": True}, "Permission.disclose"),
        ({"cache": None}, "Permission.cache"),
        ({"cache": 1}, "Permission.cache"),
    ],
)
def test_permission(fields, named):
    """What it is about, what it allows, what it discloses."""
    with pytest.raises((TypeError, ValueError), match=f"^{named}: "):
        Permission(**{"uri": "com.x", **fields})


@pytest.mark.parametrize(
    ("fields", "named"),
    [
        ({"name": ""}, "Role.name"),
        ({"name": None}, "Role.name"),
        ({"name": 5}, "Role.name"),
        ({"permissions": [{"uri": "com.x"}]}, "Role.permissions"),
        ({"permissions": ["com.x"]}, "Role.permissions"),
        ({"permissions": Permission("com.x")}, "Role.permissions"),
        ({"permissions": "com.x"}, "Role.permissions"),
        ({"trustlevel": -1}, "Role.trustlevel"),
        ({"trustlevel": True}, "Role.trustlevel"),
        ({"trustlevel": "1"}, "Role.trustlevel"),
        ({"trustlevel": 1.5}, "Role.trustlevel"),
    ],
)
def test_role(fields, named):
    """Its name, its permissions, its trust."""
    with pytest.raises((TypeError, ValueError), match=f"^{named}: "):
        Role(**{"name": "user", **fields})


@pytest.mark.parametrize(
    ("fields", "named"),
    [
        ({"uri": 5}, "Remember.uri"),
        ({"uri": "com..x"}, "Remember.uri"),
        ({"match": "regex"}, "Remember.match"),
        ({"limit": 0}, "Remember.limit"),
        ({"limit": True}, "Remember.limit"),
        ({"limit": "5"}, "Remember.limit"),
        ({"limit": None}, "Remember.limit"),
        ({"limit_bytes": 0}, "Remember.limit_bytes"),
        ({"limit_bytes": 1e6}, "Remember.limit_bytes"),
    ],
)
def test_remember(fields, named):
    """Which topics, and how many events."""
    with pytest.raises((TypeError, ValueError), match=f"^{named}: "):
        Remember(**{"uri": "com.x", **fields})


@pytest.mark.parametrize(
    ("fields", "named"),
    [
        ({"name": ""}, "Realm.name"),
        ({"name": "ab"}, "Realm.name"),
        ({"name": "1abc"}, "Realm.name"),
        ({"name": "with space"}, "Realm.name"),
        ({"name": "realm1\n"}, "Realm.name"),
        ({"name": "realm\u0661"}, "Realm.name"),
        ({"name": "x" * 256}, "Realm.name"),
        ({"name": None}, "Realm.name"),
        ({"roles": ["user"]}, "Realm.roles"),
        ({"roles": Role("user")}, "Realm.roles"),
        ({"roles": "user"}, "Realm.roles"),
        ({"roles": None}, "Realm.roles"),
        ({"roles": [Role("user"), Role("user")]}, "Realm.roles"),
        ({"auth": []}, "Realm.auth"),
        ({"auth": None}, "Realm.auth"),
        ({"auth": Anonymous()}, "Realm.auth"),
        ({"auth": [Anonymous]}, "Realm.auth"),
        ({"auth": ["ticket"]}, "Realm.auth"),
        ({"authorizer": 5}, "Realm.authorizer"),
        ({"authorizer": ""}, "Realm.authorizer"),
        ({"authorizer": "not a uri"}, "Realm.authorizer"),
        ({"authorizer": "wamp.authorize"}, "Realm.authorizer"),
        ({"authorizer": coroutine}, "Realm.authorizer"),
        ({"authorizer_ttl": -1}, "Realm.authorizer_ttl"),
        ({"authorizer_ttl": "5"}, "Realm.authorizer_ttl"),
        ({"authorizer_ttl": True}, "Realm.authorizer_ttl"),
        ({"authorizer_ttl": float("nan")}, "Realm.authorizer_ttl"),
        ({"authorizer_ttl": None}, "Realm.authorizer_ttl"),
        ({"authorizer_timeout": 0}, "Realm.authorizer_timeout"),
        ({"authorizer_timeout": -1.5}, "Realm.authorizer_timeout"),
        ({"authorizer_timeout": None}, "Realm.authorizer_timeout"),
        ({"authorizer_timeout": float("inf")}, "Realm.authorizer_timeout"),
        ({"login_delay": -1}, "Realm.login_delay"),
        ({"login_delay": "1"}, "Realm.login_delay"),
        ({"login_delay": float("nan")}, "Realm.login_delay"),
        ({"history": ["com.x"]}, "Realm.history"),
        ({"history": Remember("com.x")}, "Realm.history"),
        ({"retained_topics": -1}, "Realm.retained_topics"),
        ({"retained_topics": None}, "Realm.retained_topics"),
        ({"retained_bytes": 1.5}, "Realm.retained_bytes"),
        ({"testaments": True}, "Realm.testaments"),
        ({"testaments": -5}, "Realm.testaments"),
        ({"testament_bytes": -1}, "Realm.testament_bytes"),
        ({"subscriptions": -1}, "Realm.subscriptions"),
        ({"pattern_subscriptions": -1}, "Realm.pattern_subscriptions"),
        ({"registrations": 1.0}, "Realm.registrations"),
        ({"calls": None}, "Realm.calls"),
        ({"strict_uris": 1}, "Realm.strict_uris"),
        ({"strict_request_ids": None}, "Realm.strict_request_ids"),
        ({"strict_progressive_results": 1}, "Realm.strict_progressive_results"),
        ({"compat_autobahn_js": "yes"}, "Realm.compat_autobahn_js"),
    ],
)
def test_realm(fields, named):
    """Everything that it can be given."""
    with pytest.raises((TypeError, ValueError), match=f"^{named}: "):
        Realm(**{"name": "realm1", **fields})


@pytest.mark.parametrize(
    "options",
    [
        {"realm": "x"},
        {"realm": 5},
        {"realms": ["other"]},
        {"realms": [Realm("realm1")]},
        {"realms": [Realm("other"), Realm("other")]},
    ],
)
def test_app(options):
    """No realm is given by mistake, and none twice."""
    with pytest.raises((TypeError, ValueError), match=r"[Rr]ealm"):
        WSocketApp(protocol="WAMP", **options)


@pytest.mark.parametrize(
    "seconds", [0, -1, True, None, "10", float("nan"), float("inf")]
)
def test_join_timeout(seconds):
    """A client has some time to join, and not for ever."""
    with pytest.raises((TypeError, ValueError), match=r"^join_timeout: .*seconds"):
        WSocketApp(protocol="WAMP", join_timeout=seconds)


def test_right_configuration_is_accepted():
    """All fields at once."""
    actions = ("call", "register", "publish", "subscribe")
    Realm(
        "com.example.realm-1_@",
        roles=(
            Role(
                "user",
                (
                    Permission("", "prefix", actions, "deny", cache=False),
                    Permission("com..x", "wildcard", list(actions), "force"),
                    Permission("com.y", allow=None, cache=False),
                ),
                trustlevel=0,
            ),
        ),
        auth=(Anonymous("guest"), AsAsked()),
        authorizer="com.example.authorize",
        authorizer_ttl=0.5,
        authorizer_timeout=2,
        login_delay=0,
        history=(Remember("", "prefix", 1, 1),),
        retained_topics=0,
        retained_bytes=0,
        testaments=0,
        testament_bytes=0,
        subscriptions=0,
        pattern_subscriptions=0,
        registrations=0,
        calls=0,
        strict_uris=True,
        strict_request_ids=True,
        strict_progressive_results=True,
        compat_autobahn_js=True,
    )
