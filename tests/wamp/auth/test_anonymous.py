"""Anonymous clients."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.wamp.auth.clients import hello
from wsocket.wamp.auth import Anonymous, Identity


@pytest.mark.parametrize("authmethods", [(), ("anonymous",), ("ticket", "anonymous")])
def test_a_client_without_credentials_is_let_in(authmethods):
    """It offers anonymous, or no method at all."""
    request = hello("anonymous", None, authmethods=authmethods)
    identity = Anonymous().begin(replace(request, session=0xABC))
    assert identity == Identity("anonymous-abc", "anonymous", "static")


def test_a_requested_authid_is_not_granted():
    """It is another one for each session."""
    request = hello("anonymous", "admin")
    granted = {
        Anonymous().begin(replace(request, session=number)).authid
        for number in range(1, 10)
    }
    assert len(granted) == 9
    assert "admin" not in granted


def test_a_client_that_offers_other_methods_only_is_not_anonymous():
    """The router tries the next method."""
    assert Anonymous().begin(hello("ticket")) is None


def test_the_role_is_configurable():
    """WELCOME carries it."""
    assert Anonymous("guest").begin(hello("anonymous")).authrole == "guest"


@pytest.mark.parametrize(("role", "error"), [("", ValueError), (None, TypeError)])
def test_an_invalid_role_is_refused(role, error):
    """The error names the field."""
    with pytest.raises(error, match=r"Anonymous\.role"):
        Anonymous(role)
