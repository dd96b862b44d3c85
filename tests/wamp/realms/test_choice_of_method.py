"""Which of a realm's methods a HELLO gets, and HELLOs that get none."""

from __future__ import annotations

import pytest

from tests.wamp.raw_client import (
    HELLO,
    WELCOME,
)
from tests.wamp.realms.conftest import (
    DENIED,
    OPERATOR,
    AsAsked,
    knock,
    roles_with,
    turned_away,
)
from tests.wamp.realms.logins import (
    ACCOUNTS,
    CHALLENGE,
)
from wsocket.wamp.auth import Anonymous

NO_METHOD = "wamp.error.no_matching_auth_method"


@pytest.fixture
def several(serve):
    """A realm that prefers tickets, and lets anybody in."""
    return serve(
        auth=[
            ACCOUNTS["ticket"].configured(),
            ACCOUNTS["wampcra"].configured(),
            AsAsked(),
            Anonymous("guest"),
        ],
        roles=[OPERATOR],
    )


def test_router_takes_the_first_of_its_methods_that_is_offered(several):
    """Its own order counts, and unknown ones are no harm."""
    client = several.connect()
    offered = ["nonsense", "anonymous", "wampcra", "ticket", ""]
    code, method, _ = knock(client, authid="joe", authmethods=offered)
    assert (code, method) == (CHALLENGE, "ticket")


@pytest.mark.parametrize("details", [{}, {"authmethods": []}, {"authmethods": None}])
def test_no_method_means_anonymous(several, details, serializer):
    """With an authid of the router's choice, whatever was asked for."""
    client = several.connect(serializer)
    code, _, welcome = knock(client, authid="joe", **details)
    assert code == WELCOME
    assert (welcome["authmethod"], welcome["authrole"]) == ("anonymous", "guest")
    assert welcome["authid"] not in ("joe", "")
    other = several.connect()
    assert knock(other)[2]["authid"] != welcome["authid"]


def test_method_that_needs_a_name_is_passed_over_without_one(several):
    """The next that is offered may do."""
    client = several.connect()
    code, _, welcome = knock(client, authmethods=["ticket", "anonymous"])
    assert (code, welcome["authmethod"]) == (WELCOME, "anonymous")


@pytest.mark.parametrize("offered", [["x"], ["anonymous"], None, ["Ticket"]])
def test_none_of_the_methods_is_no_matching_auth_method(alone, offered, serializer):
    """At once: nothing was tried."""
    client = alone("ticket", login_delay=30.0).connect(serializer)
    abort = knock(client, authid="joe", authmethods=offered)
    assert "ticket" in abort[1]["message"]
    assert turned_away(client, abort) == NO_METHOD


@pytest.mark.parametrize("realm", ["nowhere", "", "realm1 ", "REALM1"])
def test_unknown_realm_is_refused_before_anything_else(alone, realm):
    """Whatever the credentials are."""
    client = alone("ticket").connect()
    abort = knock(client, realm, authid="joe", authmethods=["ticket"])
    assert turned_away(client, abort) == "wamp.error.no_such_realm"


@pytest.mark.parametrize(
    ("details", "field"),
    [
        ({"authid": 1}, "authid"),
        ({"authmethods": "ticket"}, "authmethods"),
        ({"authmethods": [1]}, "authmethods"),
        ({"authextra": []}, "authextra"),
        ({"authextra": "x"}, "authextra"),
    ],
)
def test_wrong_type_in_hello_is_a_violation(alone, details, field, serializer):
    """And the field is named."""
    client = alone("ticket").connect(serializer)
    client.send(HELLO, "realm1", {"roles": roles_with(()), **details})
    assert field in client.aborted()


@pytest.mark.parametrize("authid", ["", "x" * 5000, "jo\x00e", "joe\n"])
def test_impossible_authid_is_denied(alone, authid):
    """As if it were just unknown."""
    client = alone("ticket").connect()
    abort = knock(client, authid=authid, authmethods=["ticket"])
    assert turned_away(client, abort) == DENIED
