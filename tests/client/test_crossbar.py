"""The client works with Crossbar, which `make crossbar` installs."""

from __future__ import annotations

import contextlib
import queue

import pytest

from tests.client.conftest import KINDS
from tests.client.crossbar_node import SECRET, Crossbar
from tests.client.states import QUICK, States
from tests.patience import SECONDS
from wsocket import cli
from wsocket.client import (
    ApplicationError,
    Backoff,
    CallTimeout,
    ConnectionLost,
    JoinRefused,
    connect,
)
from wsocket.client.auth import CRA, Anonymous, Cryptosign, Scram, Ticket

pytestmark = [
    pytest.mark.processes,
    pytest.mark.slow(reason="Crossbar takes seconds to start"),
    pytest.mark.xdist_group("crossbar"),
    pytest.mark.timeout(6 * SECONDS),
]

RIGHT = {
    "ticket": Ticket("joe", SECRET),
    "wampcra": CRA("joe", SECRET),
    "salted": CRA("ann", SECRET),
    "cryptosign": Cryptosign("joe", b"o" * 32),
    "cryptosign without a name": Cryptosign(None, b"o" * 32),
}
WRONG = {
    "ticket": Ticket("joe", "wrong"),
    "wampcra": CRA("joe", "wrong"),
    "salted": CRA("ann", "wrong"),
    "cryptosign": Cryptosign("joe", b"x" * 32),
    "unknown": Ticket("eve", SECRET),
}
WAYS = [("ws", "json"), ("ws", "cbor"), ("tcp", "json"), ("unix", "msgpack")]


@pytest.fixture(scope="module")
def crossbar(processes, tmp_path_factory):
    """A node that runs."""
    node = Crossbar(tmp_path_factory.mktemp("crossbar"))
    with node.running():
        yield node


@pytest.mark.parametrize(("scheme", "serializer"), WAYS)
def test_calls_and_events(connecting, crossbar, scheme, serializer):
    """Over each transport, and between two serializers."""
    events = queue.Queue()
    url = getattr(crossbar, scheme)
    with (
        connecting(url, serializer=serializer) as session,
        connecting(crossbar.ws, serializer="msgpack") as other,
    ):
        session.subscribe("com.example.topic", events.put)
        assert other.publish("com.example.topic", "hello", acknowledge=True)
        assert events.get(timeout=SECONDS) == "hello"
        registration = session.register("com.example.echo", lambda value: value)
        assert other.call("com.example.echo", b"\x00\xff") == b"\x00\xff"
        registration.unregister()
        with pytest.raises(ApplicationError, match="no callee"):
            other.call("com.example.echo", 1)


def test_progress_and_timeout(connecting, crossbar):
    """A call that takes too long is canceled."""

    def count(last):
        yield from range(last)

    with connecting(crossbar.ws) as session, connecting(crossbar.tcp) as other:
        session.register("com.example.count", count)
        assert list(other.call_progress("com.example.count", 3)) == [0, 1, 2]
        with pytest.raises(CallTimeout):
            other.call("com.example.count", 10**9, timeout=0.05)


@pytest.mark.parametrize("method", RIGHT)
@pytest.mark.parametrize("scheme", ["ws", "tcp"])
def test_right_secret_lets_the_client_in(connecting, crossbar, scheme, method):
    """Under its name, and with its role."""
    login = RIGHT[method]
    with connecting(getattr(crossbar, scheme), auth=login) as session:
        assert session.authid == (login.authid or "joe")
        assert session.authrole == "user"
        session.register("com.example.mine", lambda: "here")
        assert session.call("com.example.mine") == "here"


@pytest.mark.parametrize("scheme", ["ws", "tcp", "unix"])
def test_command_line_logs_in(crossbar, tmp_path, capsys, scheme):
    """And calls, and says why it may not."""
    secret = tmp_path / "secret"
    secret.touch(0o600)
    secret.write_text(SECRET)
    url = getattr(crossbar, scheme)
    login = ["--authid", "joe", "--cra-secret-file", str(secret)]
    with connect(crossbar.ws) as callee:
        callee.register("com.example.cli", lambda left, right: left + right)
        assert cli.main(["call", url, "com.example.cli", "2", "3", *login]) == 0
    assert capsys.readouterr() == ("5\n", "")
    secret.write_text("wrong")
    assert cli.main(["call", url, "com.example.cli", "2", "3", *login]) == 1
    assert f"wsocket: {url}: wamp.error.not_authorized: " in capsys.readouterr().err


@pytest.mark.parametrize("method", WRONG)
def test_wrong_secret_is_refused_at_once(connecting, crossbar, method):
    """It is not tried again, though the client would connect again."""
    with pytest.raises(JoinRefused) as caught:
        connecting(crossbar.ws, auth=WRONG[method], reconnect=QUICK).__enter__()
    assert caught.value.reason == "wamp.error.not_authorized"
    assert "wrong" not in str(caught.value)


def test_scram_of_crossbar_is_another_one(connecting, crossbar):
    """It has another name, and its nonces are not those of RFC 5802."""
    with pytest.raises(JoinRefused, match='authmethod "wamp-scram"') as caught:
        connecting(crossbar.ws, auth=Scram("joe", SECRET), reconnect=QUICK).__enter__()
    assert caught.value.reason == "wamp.error.not_authorized"


def test_anonymous_client_has_its_role(connecting, crossbar):
    """Crossbar has logins, and lets in those without one."""
    with connecting(crossbar.ws, auth=Anonymous()) as session:
        assert (session.authmethod, session.authrole) == ("anonymous", "anonymous")


def test_what_the_role_may_not_do_is_refused(connecting, crossbar):
    """With the reason of the router."""
    with (
        connecting(crossbar.tcp, auth=RIGHT["ticket"]) as session,
        pytest.raises(ApplicationError) as caught,
    ):
        session.call("org.example.secret")
    assert caught.value.error == "wamp.error.not_authorized"


def test_missing_realm_is_refused(connecting, crossbar):
    """With the same reason as that of our router."""
    with pytest.raises(JoinRefused) as caught:
        connecting(crossbar.ws, "com.example.nowhere", reconnect=Backoff()).__enter__()
    assert caught.value.reason == "wamp.error.no_such_realm"


def test_sessions_survive_a_restart(processes, tmp_path):
    """They log in again, and what they subscribed and registered is there again."""
    node, events = Crossbar(tmp_path), queue.Queue()
    ways = [(kind, scheme) for kind in KINDS for scheme in ("ws", "tcp", "unix")]
    with contextlib.ExitStack() as stack:
        sessions = {}
        with node.running():
            for kind, scheme in ways:
                states, uri = States(), f"com.example.{kind}.{scheme}"
                session = stack.enter_context(
                    KINDS[kind](
                        getattr(node, scheme),
                        auth=RIGHT["wampcra"],
                        reconnect=QUICK,
                        on_state=states,
                    )
                )
                session.register(uri, lambda: "here")
                session.subscribe("com.example.news", events.put)
                states.until("joined")
                sessions[uri] = session, states
        for uri, (session, _) in sessions.items():
            with pytest.raises(ConnectionLost):
                session.call(uri)
        with node.running(), connect(node.ws) as other:
            for uri, (session, states) in sessions.items():
                assert states.until("joined").refused == ()
                assert session.authid == "joe"
                assert other.call(uri) == "here"
            other.publish("com.example.news", "again", acknowledge=True)
            assert [events.get(timeout=SECONDS) for _ in ways] == ["again"] * len(ways)
            stack.close()
