"""Polling clients that are slow, silent, cut off or shut out."""

from __future__ import annotations

import io
import json
import socket
import time
from http.cookies import SimpleCookie
from urllib.parse import urlsplit

import pytest

from tests.programs import app_commands, running
from tests.wamp.raw_client import (
    ABORT,
    ERROR,
    GOODBYE,
    HELLO,
    PUBLISH,
    REALM,
    REGISTER,
    REGISTERED,
    ROLES,
    Closed,
    connected,
)
from tests.wamp.transports.longpoll.client import LongPollClient
from wsocket import Realm
from wsocket.wamp.auth import WebLogin

pytestmark = pytest.mark.slow(reason="waits for deadlines")

SHORT = 1.0  # seconds
LONG = 60.0


# Time


def test_client_that_stops_polling_is_gone(serve, uri):
    """With all that it held, even if it goes on sending."""
    url = serve(poll_pause=SHORT).url
    with connected(url) as other:
        other.join()
        client = LongPollClient(url).join()
        client.register(uri)
        started = time.monotonic()
        while other.request(REGISTER, {}, uri)[0] != REGISTERED:
            client.post(f"{client.transport}/send", '[48, 1, {}, "com.example.none"]')
        assert SHORT * 0.9 < time.monotonic() - started < 10
    assert client.end() == 404


def test_client_that_never_polls_is_gone(serve):
    """Opening a transport is not enough."""
    client = LongPollClient(serve(poll_pause=SHORT).url)
    while client.post(f"{client.transport}/send", "").status == 400:
        time.sleep(0.01)
    assert client.end() == 404


def test_client_whose_poll_waits_is_there(serve, waiting_poll):
    """However long; the pause is counted between two polls."""
    client = LongPollClient(serve(poll_pause=SHORT, poll_timeout=LONG).url).join()
    pending = waiting_poll(client)
    time.sleep(2 * SHORT)
    assert not pending.done()
    client.send(48, 1, {}, "com.example.none")
    assert json.loads(pending.result().body)[0] == ERROR


def test_client_that_polls_now_and_then_is_there(serve):
    """Empty answers do not end a transport."""
    client = LongPollClient(serve(poll_pause=LONG, poll_timeout=0.01).url).join()
    assert [client.poll().status for _ in range(20)] == [204] * 20
    assert client.until_now() == []


def test_hello_must_come_in_time(serve, waiting_poll):
    """The poll that waits has the ABORT."""
    client = LongPollClient(serve(patience=SHORT, poll_timeout=LONG).url)
    pending = waiting_poll(client)
    code, details, _ = json.loads(pending.result().body)
    assert code == ABORT
    assert "too late" in details["message"]
    assert client.end() == 404


def test_hello_that_comes_too_late(serve):
    """Without a poll the ABORT waits for one."""
    client = LongPollClient(serve(patience=SHORT).url)
    time.sleep(2 * SHORT)
    with pytest.raises(Closed):
        client.send(HELLO, REALM, {"roles": ROLES})
    assert "too late" in client.aborted()


# What waits


def publish(url: str, topic: str, payloads: list[str]) -> None:
    """Publish from a websocket; when this returns, every EVENT is in its outbox."""
    with connected(url) as publisher:
        publisher.join()
        for payload in payloads:
            publisher.send(PUBLISH, publisher.next_request(), {}, topic, [payload])
        publisher.until_now()


def test_oldest_events_are_dropped(serve, uri):
    """What is left is the newest, in order, and every reply between them."""
    polled = serve(outbox_messages=10)
    url = polled.url
    client = LongPollClient(url).join()
    client.subscribe(uri)
    client.send(48, 2, {}, "com.example.none")
    publish(url, uri, [f"{number}" for number in range(50)])
    client.send(48, 3, {}, "com.example.none")
    received = [client.receive() for _ in range(10)]
    assert received[0][:3] == [ERROR, 48, 2]
    assert [each[4] for each in received[1:9]] == [[f"{n}"] for n in range(42, 50)]
    assert received[9][:3] == [ERROR, 48, 3]
    assert polled.app.metrics().events_dropped["too_slow"] == 42
    client.finish()


def test_bytes_that_wait_are_bounded(serve, uri):
    """A few large events may be too many."""
    url = serve(outbox_bytes=100_000).url
    client = LongPollClient(url).join()
    client.subscribe(uri)
    publish(url, uri, [f"{number}" + "x" * 30_000 for number in range(9)])
    heard = [message[4][0][0] for message in client.until_now()]
    assert heard == ["6", "7", "8"]
    client.finish()


def test_replies_are_never_dropped_but_the_session(serve, uri, caplog):
    """What it held is free, and the log says why."""
    url = serve(outbox_messages=10).url
    client = LongPollClient(url).join()
    client.register(uri)
    path, call = f"{client.transport}/send", '[48, 1, {}, "com.example.none"]'
    assert [client.post(path, call).status for _ in range(11)] == [204] * 11
    assert client.end() == 404
    assert LongPollClient(url).join().register(uri)
    assert "does not poll" in caplog.text
    assert client.transport.rpartition("/")[2] not in caplog.text


# Logins, and the end


def test_session_has_the_login_of_the_page(serve):
    """The cookies are those of the request that opened the transport."""

    def who(environ):
        cookie = SimpleCookie(environ.get("HTTP_COOKIE", "")).get("sid")
        # Not the connection's: on some servers the next request would be read there.
        assert isinstance(environ["wsgi.input"], io.BytesIO)
        return ("joe", "member") if cookie and cookie.value == "s-joe" else None

    url = serve(realm=Realm(REALM, auth=[WebLogin(who)])).url
    client = LongPollClient(url, headers={"Cookie": "a=b; sid=s-joe"})
    client.headers = {}
    welcome = client.join().welcome
    names = ("authid", "authrole", "authmethod", "authprovider")
    expected = ["joe", "member", "cookie", "dynamic"]
    assert [welcome[name] for name in names] == expected
    client.finish()
    stranger = LongPollClient(url, headers={"Cookie": "sid=guess"})
    stranger.send(HELLO, REALM, {"roles": ROLES})
    assert stranger.receive()[2] == "wamp.error.no_matching_auth_method"
    assert stranger.end() == 404


def test_realm_that_is_removed_says_goodbye(serve, waiting_poll):
    """As on every transport."""
    polling = serve()
    polling.app.add_realm(Realm("other"))
    client = LongPollClient(polling.url).join("other")
    pending = waiting_poll(client)
    polling.app.remove_realm("other")
    assert json.loads(pending.result().body)[::2] == [GOODBYE, "wamp.close.close_realm"]
    client.close()


def test_close_of_the_application_ends_every_poll(serve, waiting_poll, uri):
    """At once; the IDs are unknown afterwards, and new transports can be opened."""
    polling = serve(poll_timeout=LONG)
    clients = [LongPollClient(polling.url).join() for _ in range(3)]
    clients[0].register(uri)
    pending = [waiting_poll(client) for client in clients]
    polling.app.close()
    assert [each.result().status for each in pending] == [204, 204, 204]
    assert [client.end() for client in clients] == [404, 404, 404]
    client = LongPollClient(polling.url).join()
    assert client.register(uri)
    client.finish()


@pytest.mark.processes
@pytest.mark.parametrize("kind", ["threads", "gevent"])
def test_server_that_stops_ends_every_poll(kind, waiting_poll, tmp_path):
    """Ctrl-C does not wait for the minute of a poll, and answers it properly."""
    command = app_commands("tests.wamp.apps.longpoll")[kind]
    with running(command, tmp_path / "log") as server:
        client = LongPollClient(server.url).join()
        pending = waiting_poll(client)
        assert server.stop() == 0
        assert pending.result().status == 204
    assert "Traceback" not in server.log.read_text()


def test_client_that_gives_up_a_poll_and_polls_again_misses_nothing(
    serve, waiting_poll, uri
):
    """The newer poll takes the place of the one that nobody reads."""
    url = serve().url
    client = LongPollClient(url).join()
    client.subscribe(uri)
    older = waiting_poll(client)
    address = urlsplit(url)
    with socket.create_connection((address.hostname, address.port)) as sock:
        head = f"POST {client.transport}/receive HTTP/1.1\r\nHost: a\r\n\r\n"
        sock.sendall(head.encode())
        assert older.result().status == 204  # so this one waits in the server
    pending = waiting_poll(client)
    publish(url, uri, ["kept"])
    assert json.loads(pending.result().body)[4] == ["kept"]
    client.finish()
