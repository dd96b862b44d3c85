"""Which of a realm's methods a HELLO gets, and HELLOs that get none."""

from __future__ import annotations

import pytest

from tests.wamp.raw_client import (
    HELLO,
    WELCOME,
)
from tests.wamp.realm_kit import (
    DENIED,
    OPERATOR,
    AsAsked,
    knock,
    roles_with,
    turned_away,
)
from tests.wamp.router.logins import (
    ACCOUNTS,
    CHALLENGE,
)
from wsocket import Role
from wsocket.wamp.auth import Anonymous, Denied, Identity

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
        roles=[OPERATOR, Role("user"), Role("guest")],
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


@pytest.mark.parametrize("realm", ["nowhere", "com.nowhere", "REALM1", "realm1é"])
def test_unknown_realm_is_refused_before_anything_else(alone, realm):
    """Whatever the credentials are."""
    client = alone("ticket").connect()
    abort = knock(client, realm, authid="joe", authmethods=["ticket"])
    assert turned_away(client, abort) == "wamp.error.no_such_realm"


@pytest.mark.parametrize(
    "realm", ["", "a..b", ".a", "a.", "realm1 ", "a#b", "a\nb", "a." * 4000]
)
def test_realm_that_is_no_uri_is_named_as_such(alone, realm, serializer):
    """The client has a mistake in its configuration, and learns which."""
    client = alone("ticket").connect(serializer)
    abort = knock(client, realm, authid="joe", authmethods=["ticket"])
    assert abort[1]["message"].startswith("HELLO.Realm: ")
    assert turned_away(client, abort) == "wamp.error.invalid_uri"


class Never(AsAsked):
    """Refuses everybody, and says so to whoever is asked about."""

    method = "never"

    def begin(self, request):
        raise Denied("nobody gets in like this")


@pytest.mark.parametrize("authid", ["", None, "joe", "jo\x00e"])
@pytest.mark.parametrize("method", ["never", *ACCOUNTS])
def test_method_that_was_not_offered_has_no_say(serve, method, authid):
    """Not even about an authid that it would refuse."""
    known = ACCOUNTS.get(method)
    first = known.configured() if known else Never()
    client = serve(auth=[first, Anonymous("guest")]).connect()
    code, _, welcome = knock(client, authid=authid, authmethods=["anonymous"])
    assert (code, welcome["authmethod"]) == (WELCOME, "anonymous")
    assert welcome["authid"]


def test_empty_authid_is_none(several, serializer):
    """A method that needs one is passed over, as without one."""
    client = several.connect(serializer)
    offered = ["anonymous", "ticket", "ticket", "wampcra"]
    code, _, welcome = knock(client, authid="", authmethods=offered)
    assert (code, welcome["authmethod"]) == (WELCOME, "anonymous")


def test_application_is_asked_without_an_empty_authid(serve):
    """Its own methods and functions need not know that there are two forms of none."""
    asked = []

    class Asking(AsAsked):
        def begin(self, request):
            asked.append(request.authid)
            return Identity("somebody", "guest")

    client = serve(auth=[Asking()]).connect()
    assert knock(client, authid="", authmethods=["asked"])[0] == WELCOME
    assert asked == [None]


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


@pytest.mark.parametrize("authid", ["x" * 5000, "jo\x00e", "joe\n"])
def test_impossible_authid_is_denied(alone, authid):
    """As if it were just unknown."""
    client = alone("ticket").connect()
    abort = knock(client, authid=authid, authmethods=["ticket"])
    assert turned_away(client, abort) == DENIED
