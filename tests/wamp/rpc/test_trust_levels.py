"""Trust levels for calls: a number per role, for callees that know what it is."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest

from tests.serving import serving
from tests.wamp.call_kit import Peer, roles
from wsocket import WSocketApp
from wsocket.wamp.authorization.roles import Permission, Role
from wsocket.wamp.local.calling import CallDetails
from wsocket.wamp.router.config import Realm

KNOWS = "callee.call_trustlevels"


@pytest.fixture(scope="module")
def served() -> Iterator[Callable[[int | None], tuple[WSocketApp, str]]]:
    """A router whose anonymous role has this trust level."""
    everything = ["call", "register", "publish", "subscribe"]
    found: dict[int | None, tuple[WSocketApp, str]] = {}
    with ExitStack() as stack:

        def serve(level: int | None) -> tuple[WSocketApp, str]:
            if level not in found:
                permission = Permission("", match="prefix", allow=everything)
                role = Role("anonymous", [permission], trustlevel=level)
                app = WSocketApp(protocol="WAMP", realm=Realm("realm1", roles=[role]))
                found[level] = app, stack.enter_context(serving(app))
            return found[level]

        yield serve


@pytest.fixture(params=[0, 7])
def level(request: pytest.FixtureRequest) -> int:
    number: int = request.param
    return number


@pytest.fixture
def app(served, level) -> WSocketApp:
    return served(level)[0]


@pytest.fixture
def url(served, level) -> str:
    return served(level)[1]


def test_callee_that_knows_them_gets_the_trust_level(peer, uri, level, serializer):
    """Zero is a level too."""
    callee = peer(KNOWS, serializer=serializer)
    callee.register(uri)
    peer(serializer=serializer).call(uri)
    assert callee.invoked()[2] == {"trustlevel": level}


def test_callee_that_has_not_announced_them_gets_none(peer, uri):
    """The key is absent."""
    callee = peer("callee.caller_identification")
    callee.register(uri)
    peer().call(uri)
    assert callee.invoked()[2] == {}


def test_caller_cannot_choose_its_level(peer, uri, level):
    """What it says is an unknown option."""
    callee = peer(KNOWS)
    callee.register(uri)
    peer().call(uri, trustlevel=99)
    assert callee.invoked()[2] == {"trustlevel": level}


def test_procedure_of_the_application_gets_the_level(app, peer, uri, level):
    """In its ``details``."""
    seen: list[CallDetails] = []
    app.register(uri)(lambda *, details: seen.append(details))
    caller = peer()
    assert caller.succeeded(caller.call(uri)) == []
    assert seen == [CallDetails(uri, trustlevel=level)]


def test_without_a_configured_level_there_is_none(served, uri):
    """Even for callees that know them."""
    _, url = served(None)
    callee = Peer(url).join(roles=roles(KNOWS))
    try:
        callee.register(uri)
        callee.call(uri)
        assert callee.invoked()[2] == {}
    finally:
        callee.finish()
