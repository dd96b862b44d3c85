"""`WSocketApp.listen_rawsocket`, and what a realm knows of such a client."""

from __future__ import annotations

import ipaddress
import logging
import sys
import threading

import pytest

from tests.programs import ended
from tests.wamp.raw_client import ABORT, HELLO, REALM, WELCOME
from tests.wamp.transports.rawsocket.client import dial, rawsocket
from wsocket import Permission, Realm, Role, WSocketApp
from wsocket.wamp.auth import Anonymous, WebLogin

LOCAL = "tcp://127.0.0.1:0"


@pytest.fixture
def app():
    app = WSocketApp(protocol="WAMP")
    yield app
    app.close()


def test_the_listener_has_an_address_and_an_end(app):
    """Sessions join there until it is closed, and stay when it is."""
    listener = app.listen_rawsocket(LOCAL)
    with rawsocket(listener.address) as client:
        client.join()
        listener.close()
        assert client.until_now() == []
    with pytest.raises(ConnectionRefusedError):
        dial(listener.address)


def test_one_app_may_have_many_listeners(app, tmp_path):
    """All lead into the same realms, and all end with the application."""
    urls = (LOCAL, "tcp://[::1]:0", f"unix://{tmp_path}/s")
    addresses = [app.listen_rawsocket(url).address for url in urls]
    for address in addresses:
        with rawsocket(address) as client:
            client.join()
    app.close()
    for address in addresses:
        with pytest.raises((ConnectionRefusedError, FileNotFoundError)):
            dial(address)


def test_any_thread_may_listen(app):
    """At once: the port is open when the call returns."""
    addresses = []
    thread = threading.Thread(
        target=lambda: addresses.append(app.listen_rawsocket(LOCAL).address)
    )
    thread.start()
    thread.join()
    with rawsocket(addresses[0]) as client:
        client.join()


def test_the_applications_procedures_can_be_called(app):
    """Registered before the first session is there, or later."""
    app.register("com.example.early")(lambda: "early")
    with rawsocket(app.listen_rawsocket(LOCAL).address) as client:
        client.join()
        app.register("com.example.late")(lambda: "late")
        for name in ("early", "late"):
            request = client.call(f"com.example.{name}")
            assert client.answer(request)[3] == [name]


# Errors


def test_without_a_router_there_is_nothing_to_listen_for():
    """The message says how to have one."""
    with pytest.raises(RuntimeError, match=r'WSocketApp\(protocol="WAMP"\)'):
        WSocketApp().listen_rawsocket(LOCAL)


def test_a_limit_that_rawsocket_cannot_say_is_an_error():
    """Nothing is opened."""
    app = WSocketApp(protocol="WAMP", max_message_size=511)
    with pytest.raises(ValueError, match="at least 512"):
        app.listen_rawsocket(LOCAL)


def test_a_bad_url_is_an_error(app):
    """With an example of a good one."""
    with pytest.raises(ValueError, match=r"tcp://127\.0\.0\.1:8081"):
        app.listen_rawsocket("ws://127.0.0.1:8081")


def test_a_port_in_use_is_an_error(app):
    """With what to do."""
    address = app.listen_rawsocket(LOCAL).address
    with pytest.raises(OSError, match="stop the program that has it"):
        app.listen_rawsocket(address)


# A child of the process


FORKING = """
import os, sys
from tests.wamp.transports.rawsocket.client import rawsocket
from wsocket import WSocketApp

app = WSocketApp(protocol="WAMP")
url = f"unix://{sys.argv[1]}"
app.listen_rawsocket(url)
if os.fork() == 0:
    try:
        app.close()  # what it inherited is not its own
        listener = app.listen_rawsocket(url + ".child")
        with rawsocket(listener.address) as client:
            client.join()
        listener.close()
        print("child", flush=True)
    finally:
        os._exit(0)
os.wait()
with rawsocket(url) as client:
    client.join()
print("parent", flush=True)
app.close()
print(os.listdir(os.path.dirname(sys.argv[1])))
"""


@pytest.mark.processes
def test_a_forked_child_leaves_its_parents_listener_alone(tmp_path):
    """And may have its own."""
    # Python 3.12 warns of forks beside threads, such as the loop's.
    python = [sys.executable, "-W", "ignore::DeprecationWarning"]
    done = ended([*python, "-c", FORKING, str(tmp_path / "s")])
    assert done.stdout.splitlines() == ["child", "parent", "[]"], done.stderr
    assert done.stderr == ""


# Who the client is


def test_the_sites_login_is_not_asked_about_clients_without_http():
    """The next method of the realm has its turn."""
    realm = Realm(
        "realm1",
        auth=[WebLogin(lambda environ: pytest.fail("asked")), Anonymous("guest")],
        roles=[Role("guest", [Permission("com.", match="prefix", allow=["call"])])],
    )
    app = WSocketApp(protocol="WAMP", realm=realm)
    with rawsocket(app.listen_rawsocket(LOCAL).address) as client:
        assert client.join().welcome["authrole"] == "guest"
    app.close()


def test_a_realm_for_logged_in_users_alone_refuses_them():
    """No cookie, no login."""
    app = WSocketApp(
        protocol="WAMP",
        realm=Realm("realm1", auth=[WebLogin(lambda environ: ("joe", "user"))]),
    )
    with rawsocket(app.listen_rawsocket(LOCAL).address) as client:
        client.send(HELLO, REALM, {"roles": {"caller": {}}})
        code, _, reason = client.receive()
        assert (code, reason) == (ABORT, "wamp.error.no_matching_auth_method")
    app.close()


def test_an_open_realm_that_is_reached_from_elsewhere_is_reported(
    app, caplog, monkeypatch
):
    """The warning has the client's address, as for websockets."""
    monkeypatch.setattr(ipaddress.IPv4Address, "is_loopback", False)
    address = app.listen_rawsocket(LOCAL).address
    with (
        caplog.at_level(logging.WARNING, "wsocket"),
        rawsocket(address) as client,
    ):
        client.join()
    [record] = caplog.records
    assert "realm 'realm1' is open" in record.getMessage()
    assert "127.0.0.1" in record.getMessage()


def test_a_unix_client_is_at_home(app, caplog, tmp_path):
    """An open realm on a Unix socket is nobody else's business."""
    address = app.listen_rawsocket(f"unix://{tmp_path}/s").address
    with rawsocket(address) as client:
        client.send(HELLO, REALM, {"roles": {"caller": {}}})
        assert client.receive()[0] == WELCOME
    assert caplog.records == []
