"""A realm without roles is for one's own machine; beyond it, it is reported."""

from __future__ import annotations

import logging

import pytest

from tests.wamp.fakes import FakeLink, FakeRuntime, counting_below
from wsocket import Permission, Realm, Role
from wsocket.wamp.protocol.client_messages import ClientRole as ClientRole
from wsocket.wamp.protocol.client_messages import ClientRoles, Hello, HelloDetails
from wsocket.wamp.router.router import Router
from wsocket.wamp.session.session import Session

OPEN = Realm("realm1")
RULED = Realm("realm1", roles=[Role("anonymous", [Permission("com.", "prefix")])])


def warnings(caplog, realm: Realm, *addresses: str) -> list[str]:
    """What is logged while clients from *addresses* join."""
    router = Router([realm], random_below=counting_below())
    router.start(FakeRuntime())
    hello = Hello("realm1", HelloDetails(ClientRoles(caller=ClientRole())))
    with caplog.at_level(logging.WARNING):
        for address in addresses:
            link = FakeLink()
            Session(link, router, environ={"REMOTE_ADDR": address}).handle(hello)
            assert link.take()[-1][0] == 2
    return [record.getMessage() for record in caplog.records]


@pytest.mark.parametrize("address", ["192.0.2.7", "2001:db8::7"])
def test_an_open_realm_that_is_reached_from_elsewhere_is_reported_once(caplog, address):
    """The warning names the realm and the address."""
    [warning] = warnings(caplog, OPEN, "127.0.0.1", address, address)
    assert "realm1" in warning
    assert address in warning


@pytest.mark.parametrize("address", ["127.0.0.1", "127.8.8.8", "::1", ""])
def test_an_open_realm_on_this_machine_is_not(caplog, address):
    """A Unix socket has no address."""
    assert warnings(caplog, OPEN, address) == []


def test_a_realm_with_roles_is_not(caplog):
    """Whoever wrote them has thought of it."""
    assert warnings(caplog, RULED, "192.0.2.7") == []
