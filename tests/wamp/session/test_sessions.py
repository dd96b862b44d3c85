"""HELLO to GOODBYE over the wire (Basic Profile, "Sessions")."""

from __future__ import annotations

import contextlib
import http.client
from urllib.parse import urlsplit

import pytest
import websocket

from tests.patience import SECONDS
from tests.serving import serving
from tests.wamp.raw_client import (
    ABORT,
    CALL,
    ERROR,
    EVENT,
    FORMATS,
    GOODBYE,
    HELLO,
    PUBLISH,
    REALM,
    REGISTER,
    ROLES,
    SUBSCRIBE,
    UNREGISTER,
    UNSUBSCRIBE,
    VIOLATION,
    WELCOME,
    YIELD,
    connected,
)
from tests.wamp.servers import on_every_server
from wsocket import WSocketApp


def upgrade(url: str, protocols: str) -> tuple[int, str]:
    """Ask for a websocket with these subprotocols; status and body of the answer."""
    address = urlsplit(url)
    connection = http.client.HTTPConnection(
        address.hostname, address.port, timeout=SECONDS
    )
    headers = {
        "Connection": "Upgrade",
        "Upgrade": "websocket",
        "Sec-WebSocket-Version": "13",
        "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
        "Sec-WebSocket-Protocol": protocols,
    }
    try:
        connection.request("GET", "/", headers=headers)
        response = connection.getresponse()
        return response.status, response.read().decode()
    finally:
        connection.close()


# Joining


@on_every_server
def test_welcome_says_who_and_where(join, serializer):
    """WELCOME.Details has the realm, the identity and the router's roles."""
    details = join(serializer).welcome
    assert details["realm"] == REALM
    assert details["agent"].startswith("wsocket")
    assert details["authrole"] == details["authmethod"] == "anonymous"
    assert isinstance(details["authid"], str)
    assert details["authid"]
    assert isinstance(details["authprovider"], str)


ANNOUNCED = {
    "broker.event_history",
    "broker.event_retention",
    "broker.pattern_based_subscription",
    "broker.payload_passthru_mode",
    "broker.publication_trustlevels",
    "broker.publisher_exclusion",
    "broker.publisher_identification",
    "broker.session_meta_api",
    "broker.subscriber_blackwhite_listing",
    "broker.subscription_meta_api",
    "broker.subscription_revocation",
    "dealer.call_canceling",
    "dealer.call_reroute",
    "dealer.call_timeout",
    "dealer.call_trustlevels",
    "dealer.caller_identification",
    "dealer.pattern_based_registration",
    "dealer.payload_passthru_mode",
    "dealer.progressive_call_invocations",
    "dealer.progressive_call_results",
    "dealer.registration_meta_api",
    "dealer.registration_revocation",
    "dealer.session_meta_api",
    "dealer.shared_registration",
    "dealer.testament_meta_api",
}


def test_welcome_announces_exactly_what_there_is(join, serializer):
    """Features are real booleans: client libraries refuse anything else."""
    roles = join(serializer).welcome["roles"]
    assert {name: list(role) for name, role in roles.items()} == {
        "broker": ["features"],
        "dealer": ["features"],
    }
    announced = {
        f"{name}.{feature}": value
        for name, role in roles.items()
        for feature, value in role["features"].items()
    }
    assert announced.keys() == ANNOUNCED
    assert all(value is True for value in announced.values())


def test_session_ids_are_random_over_the_whole_range(join):
    """No two are equal, all are in 1..2**53, and they use the high bits."""
    ids = [join().session for _ in range(20)]
    assert len(set(ids)) == 20
    assert all(type(each) is int and 1 <= each <= 2**53 for each in ids)
    assert max(ids) > 2**40
    assert ids != sorted(ids)


def test_anonymous_sessions_have_distinct_authids(join):
    """An authid that two strangers shared would be one identity."""
    assert join().welcome["authid"] != join().welcome["authid"]


@pytest.mark.parametrize("role", list(ROLES))
def test_one_role_is_enough(connect, serializer, role):
    """HELLO must announce at least one client role; any of the four will do."""
    client = connect(serializer)
    client.send(HELLO, REALM, {"roles": {role: {}}})
    assert client.receive()[0] == WELCOME


@pytest.mark.parametrize(
    "roles", [{}, {"broker": {}}, {"caller": None}], ids=["none", "unknown", "null"]
)
def test_hello_without_a_client_role_is_a_violation(connect, serializer, roles):
    """A peer without a role has no business here."""
    client = connect(serializer)
    client.send(HELLO, REALM, {"roles": roles})
    assert "HELLO.Details.roles" in client.aborted()


def test_what_clients_really_send_in_hello_is_accepted(join, serializer):
    """Features, unknown keys, custom keys and the nulls of authentication examples."""
    client = join(
        serializer,
        agent="test/1.0 žluťoučký",
        authid=None,
        authmethods=["ticket", "anonymous"],
        authextra={"x": [None, 1.5, {}]},
        resumable=True,
        x_own={"a": 1},
        _own="b",
    )
    assert client.welcome["realm"] == REALM


def test_features_that_are_unknown_or_no_booleans_are_ignored(connect, serializer):
    """What a client announces is its own affair."""
    client = connect(serializer)
    features = {"shareded_subscriptions": True, "call_timeout": 1, "x_own": "yes"}
    client.send(HELLO, REALM, {"roles": {"callee": {"features": features, "x": 1}}})
    assert client.receive()[0] == WELCOME


@pytest.mark.parametrize("realm", ["nowhere", "com.realm1", "realm11", "REALM1"])
def test_unknown_realm_is_refused(connect, serializer, realm):
    """ABORT wamp.error.no_such_realm, then the websocket closes normally."""
    client = connect(serializer)
    client.send(HELLO, realm, {"roles": ROLES})
    code, details, reason = client.receive()
    assert (code, reason) == (ABORT, "wamp.error.no_such_realm")
    assert repr(realm) in details["message"]
    assert client.end() == 1000


def test_realm_can_be_chosen():
    """The realm of `WSocketApp(realm=)` is the one that exists."""
    app = WSocketApp(protocol="WAMP", realm="chat")
    with serving(app) as url, connected(url) as client:
        assert client.join("chat").welcome["realm"] == "chat"


def test_client_that_will_not_be_anonymous_is_refused(connect, serializer):
    """It offered authentication methods, and none of them is there; it is told which
    are.
    """
    client = connect(serializer)
    client.send(HELLO, REALM, {"roles": ROLES, "authmethods": ["ticket"]})
    code, details, reason = client.receive()
    assert (code, reason) == (ABORT, "wamp.error.no_matching_auth_method")
    assert "authmethod" in details["message"]
    assert "anonymous" in details["message"]
    assert client.end() == 1000


# Out of turn


def test_second_hello_is_a_violation(join, serializer):
    """HELLO may not be sent in an established session."""
    client = join(serializer)
    client.send(HELLO, REALM, {"roles": ROLES})
    assert "HELLO" in client.aborted()


BEFORE_HELLO = {
    "GOODBYE": [GOODBYE, {}, "wamp.close.close_realm"],
    "ERROR": [ERROR, 68, 1, {}, "com.example.error"],
    "PUBLISH": [PUBLISH, 1, {}, "com.example.topic"],
    "SUBSCRIBE": [SUBSCRIBE, 1, {}, "com.example.topic"],
    "UNSUBSCRIBE": [UNSUBSCRIBE, 1, 1],
    "CALL": [CALL, 1, {}, "com.example.procedure"],
    "REGISTER": [REGISTER, 1, {}, "com.example.procedure"],
    "UNREGISTER": [UNREGISTER, 1, 1],
    "YIELD": [YIELD, 1, {}],
    "AUTHENTICATE": [5, "secret", {}],
}


@pytest.mark.parametrize("name", list(BEFORE_HELLO))
def test_message_before_hello_is_a_violation(connect, serializer, name):
    """There is no session yet that could be asked for anything."""
    client = connect(serializer)
    client.send(*BEFORE_HELLO[name])
    assert client.aborted().startswith(name)


def test_authenticate_without_a_challenge_is_a_violation(join, serializer):
    """An anonymous session was never challenged."""
    client = join(serializer)
    client.send(5, "secret", {})
    assert client.aborted().startswith("AUTHENTICATE")


# Leaving


@on_every_server
def test_goodbye_is_answered_once_and_nothing_follows(join, serializer, uri):
    """Not even an event of a subscription that ended with the session."""
    client, other = join(serializer), join()
    client.subscribe(uri)
    client.leave()
    other.publish(uri, ["too late"])
    client.join()
    assert client.until_now() == []


@pytest.mark.parametrize(
    "reason", ["wamp.close.normal", "wamp.error.goodbye_and_out", "any.thing", ""]
)
def test_goodbye_for_any_reason_is_answered_the_same(join, serializer, reason):
    """Clients in the wild have reasons that the specification does not list."""
    client = join(serializer)
    client.send(GOODBYE, {"message": "bye", "x": None}, reason)
    assert client.receive() == [GOODBYE, {}, "wamp.close.goodbye_and_out"]


def test_transport_is_reused_by_a_new_hello(join, serializer, uri):
    """A new session with a new ID, new request numbers and nothing of the old one."""
    client, other = join(serializer), join()
    first, authid = client.session, client.welcome["authid"]
    client.register(uri)
    client.subscribe(uri)
    client.leave()
    client.join()
    assert client.session != first
    assert client.welcome["authid"] != authid
    client.register(uri)
    other.call(uri, ["hello"])
    assert client.invoked()[0] == 1
    other.publish(uri, ["nobody"])
    assert client.until_now() == []


def test_goodbye_twice_is_a_violation(join, serializer):
    """After the first there is no session to leave."""
    client = join(serializer)
    client.leave()
    client.send(GOODBYE, {}, "wamp.close.close_realm")
    assert "GOODBYE" in client.aborted()


def test_request_after_goodbye_is_a_violation(join, serializer, uri):
    """And it has no effect: nobody holds the procedure."""
    client, other = join(serializer), join()
    client.leave()
    client.send(REGISTER, 1, {}, uri)
    assert "REGISTER" in client.aborted()
    other.call(uri)
    assert other.receive()[4] == "wamp.error.no_such_procedure"


@pytest.mark.parametrize("established", [True, False], ids=["in session", "before"])
def test_abort_of_the_client_is_never_answered(connect, serializer, established):
    """The websocket closes, and that is all."""
    client = connect(serializer)
    if established:
        client.join()
    client.send(ABORT, {"message": "I give up"}, "com.example.reason")
    assert client.end() == 1000


def test_abort_of_the_client_ends_all_that_it_held(join, serializer, uri):
    """As does every other end of a session."""
    client, other = join(serializer), join()
    client.register(uri)
    client.send(ABORT, {}, "com.example.reason", ["args"], {"kw": 1})
    client.end()
    other.call(uri)
    assert other.receive()[4] == "wamp.error.no_such_procedure"


@on_every_server
def test_lost_connection_ends_all_that_the_session_held(join, uri):
    """Its URI is free for the next callee, its events for nobody."""
    client, witness = join(), join()
    client.register(uri)
    client.call(uri)
    client.invoked()
    client.close()
    # The connection's end is noticed asynchronously: ask until it has been.
    while witness.request(REGISTER, {}, uri)[0] == ERROR:
        pass
    witness.call(uri, ["mine"])
    assert witness.invoked()[3:] == [["mine"]]


# The websocket


def test_unknown_serializer_is_refused_with_the_names_of_the_known(url):
    """400, and what to offer instead."""
    status, body = upgrade(url, "wamp.2.smile, wamp.2.flatbuffers")
    assert status == 400
    for name in FORMATS:
        assert f"wamp.2.{name}" in body


def test_the_first_known_serializer_is_chosen(url):
    """The client's order decides."""
    names = ["wamp.2.smile", "wamp.2.cbor", "wamp.2.json"]
    ws = websocket.create_connection(url, subprotocols=names, timeout=SECONDS)
    with contextlib.closing(ws):
        assert ws.subprotocol == "wamp.2.cbor"


def test_websocket_on_any_path_is_a_session(url):
    """WAMP clients choose paths such as /ws; the router takes them all."""
    with connected(url + "any/path?x=1") as client:
        assert client.join().session


@pytest.mark.parametrize("established", [True, False], ids=["in session", "before"])
def test_message_of_the_other_type_is_a_violation(connect, serializer, established):
    """JSON wants text messages, the others binary ones."""
    client = connect(serializer)
    if established:
        client.join()
    message = client.format.dumps([HELLO, REALM, {"roles": ROLES}])
    if client.format.binary:
        client.ws.send(message.hex())
        expected = "binary"
    else:
        client.ws.send_binary(message.encode())
        expected = "text"
    said = client.aborted()
    assert expected in said
    assert f"wamp.2.{serializer}" in said


def test_messages_in_one_write_are_all_handled(connect, serializer, uri):
    """A client need not wait for WELCOME's bytes to be alone in a packet."""
    client = connect(serializer).join()
    for request in range(1, 51):
        client.send(SUBSCRIBE, request, {}, f"{uri}.t{request}")
    answers = [client.receive() for _ in range(50)]
    assert [answer[:2] for answer in answers] == [[33, n] for n in range(1, 51)]
    assert len({answer[2] for answer in answers}) == 50


def test_nothing_is_processed_after_a_violation(join, serializer, uri):
    """Requests behind the offending message are dropped, those before it are not."""
    client, other = join(serializer), join()
    client.send(REGISTER, 1, {}, uri)
    client.send(HELLO, REALM, {"roles": ROLES})
    client.send(PUBLISH, 2, {"acknowledge": True}, uri)
    assert client.receive()[0] == 65
    code, _, reason = client.receive()
    assert (code, reason) == (ABORT, VIOLATION)
    assert client.end() == 1002
    other.call(uri)
    assert other.receive()[4] == "wamp.error.no_such_procedure"


def test_event_of_another_realm_does_not_arrive():
    """Two applications in one process are two routers."""
    one, two = WSocketApp(protocol="WAMP"), WSocketApp(protocol="WAMP")
    with (
        serving(one) as here,
        serving(two) as there,
        connected(here) as listener,
        connected(there) as publisher,
    ):
        subscription = listener.join().subscribe("com.example.topic")
        publisher.join().publish("com.example.topic", ["there"])
        one.publish("com.example.topic", "here")
        assert listener.receive()[0:2] == [EVENT, subscription]
        assert listener.until_now() == []
