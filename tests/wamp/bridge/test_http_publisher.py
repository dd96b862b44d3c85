"""`HttpPublisher`, against the bridge on both servers, and against others."""

from __future__ import annotations

import multiprocessing
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.patience import SECONDS
from tests.serving import in_thread
from tests.wamp.apps.bridge import SECRET, TOKEN
from tests.wamp.bridge.false_bridge import answering
from tests.wamp.raw_client import connected
from wsocket import (
    ApplicationError,
    Bridge,
    CallResult,
    CallTimeout,
    WSocketApp,
    make_server,
)
from wsocket.client import HttpPublisher


@pytest.fixture
def publisher(bridged):
    """With the key of the bridge."""
    with HttpPublisher(bridged.http("/wamp"), "cron", SECRET) as made:
        yield made


def test_published_event_reaches_a_subscriber(bridged, publisher, uri):
    """With all of its payload, and the ID that was returned."""
    with connected(bridged.ws(), "msgpack") as subscriber:
        subscriber.join()
        subscriber.subscribe(uri)
        publication = publisher.publish(uri, 1, "é", raw=b"\0\1")
        _, _, *received = subscriber.receive()
    assert received == [publication, {}, [1, "é"], {"raw": b"\0\1"}]


def test_options_are_those_of_publish(bridged, publisher, uri):
    """As a dict."""
    publisher.publish(uri, "kept", options={"retain": True})
    with connected(bridged.ws()) as subscriber:
        subscriber.join()
        subscriber.subscribe(uri, get_retained=True)
        assert subscriber.receive()[4] == ["kept"]


@pytest.mark.parametrize(
    ("args", "kwargs", "result"),
    [
        ((), {}, None),
        ((7,), {}, 7),
        ((b"\0\1",), {}, b"\0\1"),
        ((1, 2), {}, CallResult([1, 2], {})),
        ((), {"a": 1}, CallResult([], {"a": 1})),
    ],
)
def test_call_returns_what_a_call_of_the_application_does(
    publisher, args, kwargs, result
):
    """One value is itself."""
    assert publisher.call("com.open.echo", *args, **kwargs) == result


def test_key_and_token_have_their_role(bridged):
    """An anonymous client has another one."""
    url = bridged.http("/wamp/")
    for proof in ({"key_id": "cron", "secret": SECRET}, {"token": TOKEN}):
        with HttpPublisher(url, **proof) as publisher:
            assert publisher.call("com.backend.secret") == "for the backend"
    with HttpPublisher(url) as anonymous:
        with pytest.raises(ApplicationError) as refused:
            anonymous.call("com.backend.secret")
        assert refused.value.error == "wamp.error.not_authorized"
        assert anonymous.call("com.open.add", 1, 2) == 3


def test_error_of_a_procedure_is_raised_with_its_payload(publisher):
    """As for every caller."""
    with pytest.raises(ApplicationError) as failed:
        publisher.call("com.open.fail", "com.shop.error.sold_out")
    error = failed.value
    assert (error.error, error.args) == ("com.shop.error.sold_out", ("as you wish", 7))
    assert error.kwargs == {"why": "a test"}


def test_wrong_secret_is_an_error_that_says_so(bridged):
    """The URI is that of a failed login."""
    with (
        HttpPublisher(bridged.http("/wamp"), "cron", "wrong" * 5) as stranger,
        pytest.raises(ApplicationError, match="the signature is wrong") as refused,
    ):
        stranger.publish("com.open.x")
    assert refused.value.error == "wamp.error.authentication_denied"


def test_call_that_takes_too_long_is_a_timeout(bridged, publisher, uri):
    """Both a `CallTimeout` and a `TimeoutError`."""
    with connected(bridged.ws()) as callee:
        callee.join()
        callee.register(uri)
        with pytest.raises(CallTimeout) as late:
            publisher.call(uri, timeout=0.1)
    assert isinstance(late.value, TimeoutError)


def test_value_that_has_no_form_in_json_is_refused_at_once(publisher):
    """Before anything is sent; the text says where it is."""
    with pytest.raises(ValueError, match="not serializable as json"):
        publisher.publish("com.open.x", object())


def test_threads_share_a_publisher(publisher):
    """Each of their requests has its own answer."""
    with ThreadPoolExecutor(8) as pool:
        sums = list(pool.map(lambda n: publisher.call("com.open.add", n, n), range(80)))
    assert sums == [2 * n for n in range(80)]


def test_connection_is_used_again():
    """One after another, requests need one."""
    with answering() as (server, url), HttpPublisher(url) as publisher:
        assert [publisher.publish("a.b") for _ in range(5)] == [7] * 5
        assert server.connections == 1


def test_connection_that_the_server_has_closed_is_not_used_again(uri):
    """It ends idle connections, perhaps because it was started anew."""
    app = WSocketApp(protocol="WAMP", bridge=Bridge())
    with make_server("127.0.0.1", 0, app) as server, in_thread(server):
        port = server.server_port
        publisher = HttpPublisher(f"http://127.0.0.1:{port}/wamp")
        assert publisher.publish(uri) > 0
    with make_server("127.0.0.1", port, app) as server, in_thread(server), publisher:
        assert publisher.publish(uri) > 0
        app.close()


def in_child(publisher, uri, answers):
    answers.put(publisher.publish(uri))


@pytest.mark.processes
def test_publisher_survives_a_fork(bridged, publisher, uri):
    """The child opens connections of its own: Celery forks its workers."""
    assert publisher.publish(uri) > 0
    context = multiprocessing.get_context("fork")
    answers = context.SimpleQueue()
    child = context.Process(target=in_child, args=(publisher, uri, answers))
    child.start()
    child.join(SECONDS)
    assert child.exitcode == 0
    assert answers.get() > 0
    assert publisher.publish(uri) > 0


@pytest.mark.processes
def test_publisher_imports_neither_the_router_nor_gevent():
    """A worker of a task queue starts quickly, and is not patched."""
    code = (
        "import sys, wsocket.client.http_publisher as _;"
        "print(*[m for m in sys.modules if m == 'gevent' or 'router.' in m])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == ""
