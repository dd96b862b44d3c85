"""Caller identification: who called, if the caller, the callee or the realm says so."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from tests.serving import serving
from tests.wamp.raw_client import CALL, ERROR, REGISTER
from wsocket import WSocketApp
from wsocket.wamp.authorization.roles import Permission, Role
from wsocket.wamp.router.config import Realm

DISALLOWED = "wamp.error.option_disallowed.disclose_me"
KNOWS = "callee.caller_identification"


def identity(client):
    """What a callee may be told of *client*."""
    return {
        "caller": client.session,
        "caller_authid": client.welcome["authid"],
        "caller_authrole": client.welcome["authrole"],
    }


def test_caller_that_discloses_itself_is_known(peer, uri, serializer):
    """Session, authid and authrole."""
    callee = peer(KNOWS, serializer=serializer)
    caller = peer("caller.caller_identification", serializer=serializer)
    callee.register(uri)
    caller.call(uri, disclose_me=True)
    assert callee.invoked()[2] == identity(caller)


@pytest.mark.parametrize("options", [{}, {"disclose_me": False}])
def test_caller_is_anonymous_by_default(peer, uri, options):
    """No key of the caller's identity."""
    callee, caller = peer(KNOWS), peer("caller.caller_identification")
    callee.register(uri)
    caller.call(uri, **options)
    assert callee.invoked()[2] == {}


def test_callee_may_ask_for_all_its_callers(peer, uri, serializer):
    """With ``disclose_caller``, whatever the caller says."""
    callee, caller = peer(KNOWS, serializer=serializer), peer()
    callee.register(uri, disclose_caller=True)
    caller.call(uri)
    caller.call(uri, disclose_me=False)
    assert callee.invoked()[2] == callee.invoked()[2] == identity(caller)


def test_each_callee_asks_for_itself(peer, uri):
    """One of a shared registration is told, the other is not."""
    asks, plain, caller = peer(KNOWS), peer(KNOWS), peer()
    asks.register(uri, invoke="roundrobin", disclose_caller=True)
    plain.register(uri, invoke="roundrobin")
    caller.call(uri)
    caller.call(uri)
    assert asks.invoked()[2] == identity(caller)
    assert plain.invoked()[2] == {}


def test_identity_goes_with_the_other_details(peer, uri):
    """The called URI of a pattern, for one."""
    callee, caller = peer(KNOWS), peer()
    callee.register(uri, match="prefix")
    caller.call(uri + ".x", disclose_me=True)
    assert callee.invoked()[2] == {"procedure": uri + ".x", **identity(caller)}


def test_callee_may_be_its_own_caller(peer, uri):
    """Calls are not filtered as events are."""
    client = peer(KNOWS)
    client.register(uri)
    client.call(uri, disclose_me=True)
    assert client.invoked()[2] == identity(client)


@pytest.mark.parametrize("value", [1, 0, "yes", []], ids=repr)
def test_disclose_caller_of_another_type_is_a_violation(peer, uri, value, serializer):
    """The message names the option."""
    callee = peer(serializer=serializer)
    callee.send(REGISTER, 1, {"disclose_caller": value}, uri)
    assert "REGISTER.Options.disclose_caller" in callee.aborted()


# What the realm says


@pytest.fixture(scope="module")
def ruled_url() -> Iterator[str]:
    """``com.force.`` always discloses, ``com.deny.`` never."""
    everything = ["call", "register", "publish", "subscribe"]
    permissions = [
        Permission(f"com.{name}.", match="prefix", allow=everything, disclose=name)
        for name in ("allow", "force", "deny")
    ]
    realm = Realm("realm1", roles=[Role("anonymous", permissions)])
    with serving(WSocketApp(protocol="WAMP", realm=realm)) as url:
        yield url


class TestRuledRealm:
    """Where roles say who is disclosed."""

    @pytest.fixture
    def url(self, ruled_url: str) -> str:
        return ruled_url

    @pytest.fixture
    def name(self, uri: str) -> Callable[[str], str]:
        return lambda rule: f"com.{rule}.{uri}"

    @pytest.mark.parametrize("options", [{}, {"disclose_me": False}])
    def test_realm_may_force_disclosure(self, peer, name, options):
        """Nobody asked for it."""
        callee, caller = peer(KNOWS), peer()
        callee.register(name("force"))
        caller.call(name("force"), **options)
        assert callee.invoked()[2] == identity(caller)

    def test_realm_may_forbid_disclosure(self, peer, name, serializer):
        """An ERROR, never silent stripping; without the wish the call goes through."""
        callee, caller = peer(KNOWS), peer(serializer=serializer)
        callee.register(name("deny"))
        request = caller.call(name("deny"), disclose_me=True)
        assert caller.failed(request) == DISALLOWED
        caller.call(name("deny"))
        assert callee.invoked()[2] == {}

    def test_callee_may_not_ask_where_it_is_forbidden(self, peer, name):
        """Its REGISTER is refused, and nothing is registered."""
        callee, caller = peer(KNOWS), peer()
        answer = callee.request(REGISTER, {"disclose_caller": True}, name("deny"))
        assert answer[:5] == [ERROR, REGISTER, answer[2], {}, DISALLOWED]
        request = caller.call(name("deny"))
        assert caller.receive()[:3] == [ERROR, CALL, request]

    def test_realm_that_allows_it_leaves_it_to_the_clients(self, peer, name):
        """As without roles."""
        callee, caller = peer(KNOWS), peer()
        callee.register(name("allow"))
        caller.call(name("allow"))
        caller.call(name("allow"), disclose_me=True)
        assert callee.invoked()[2] == {}
        assert callee.invoked()[2] == identity(caller)
