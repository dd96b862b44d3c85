"""The figures of an application."""

from __future__ import annotations

import json
import threading
import time
import urllib.error
import urllib.request

import cbor2
import pytest
from prometheus_client.parser import text_string_to_metric_families

from tests.serving import serving
from tests.wamp.raw_client import (
    CALL,
    ERROR,
    PUBLISH,
    RawClient,
    connected,
)
from wsocket import Limits, WSocketApp
from wsocket.metrics import BOUNDS


@pytest.fixture
def app() -> WSocketApp:
    return WSocketApp(protocol="WAMP", metrics="/metrics", health="/healthz")


@pytest.fixture
def url(app):
    with serving(app) as url:
        yield url


@pytest.fixture
def client(url):
    with connected(url) as client:
        yield client.join()


def settled(client: RawClient) -> None:
    """Everything that the client has sent was handled."""
    client.request(CALL, {}, "wamp.session.count")


def test_sessions_and_joins_are_counted(app, url, client):
    """Sessions go, joins stay."""
    before = app.metrics().router
    with connected(url) as other:
        other.join()
        during = app.metrics().router
        other.leave()
    assert during.joins == before.joins + 1
    assert during.sessions["realm1"] == before.sessions["realm1"] + 1
    after = app.metrics().router
    assert (after.joins, after.sessions) == (during.joins, before.sessions)


def test_messages_are_counted_by_type(app, client):
    """EVENT counts each receiver."""
    client.subscribe("com.example.news")
    before = app.metrics().router
    for number in range(3):
        client.send(PUBLISH, number + 10, {"exclude_me": False}, "com.example.news")
    settled(client)
    after = app.metrics().router
    assert after.received["PUBLISH"] - before.received.get("PUBLISH", 0) == 3
    assert after.sent["EVENT"] - before.sent["EVENT"] == 3
    assert after.received["CALL"] - before.received.get("CALL", 0) == 1
    assert after.sent["RESULT"] - before.sent.get("RESULT", 0) == 1


def test_refusals_are_counted_by_reason(app, url):
    """Of those who may not come in, and of those who break the protocol."""
    with connected(url) as stranger:
        stranger.send(1, "no.such.realm", {"roles": {"caller": {}}})
        stranger.receive()
    with connected(url) as rude:
        rude.join()
        rude.send(9999)
        rude.receive()
    assert app.metrics().router.refusals == {
        "wamp.error.no_such_realm": 1,
        "wamp.error.protocol_violation": 1,
    }


def test_calls_are_counted_by_how_long_they_took(app, client):
    """From CALL to the answer, whatever that is."""

    @app.register("com.example.slow")
    def slow() -> None:
        time.sleep(0.03)

    @app.register("com.example.broken")
    def broken() -> None:
        raise ValueError("oops")

    before = app.metrics().router.calls
    client.request(CALL, {}, "com.example.slow")
    assert client.request(CALL, {}, "com.example.broken")[0] == ERROR
    after = app.metrics().router.calls
    added = [new - old for new, old in zip(after.counts, before.counts, strict=True)]
    assert sum(added) == 2
    assert sum(added[BOUNDS.index(0.05) :]) >= 1
    assert after.total - before.total >= 0.03


def test_dropped_events_are_counted_by_reason():
    """A receiver that does not read loses the oldest ones."""
    app = WSocketApp(protocol="WAMP", limits=Limits(outbox_bytes=200_000))
    with serving(app) as url, connected(url) as slow, connected(url) as publisher:
        slow.join().subscribe("com.example.news")
        publisher.join()
        deadline = time.monotonic() + 40
        while not app.metrics().events_dropped["too_slow"]:
            assert time.monotonic() < deadline
            publisher.publish("com.example.news", ["x" * 100_000])
        metrics = app.metrics()
        assert metrics.backlog_bytes > 0
        assert metrics.memory_bytes >= metrics.backlog_bytes
        assert metrics.memory_limit == Limits().memory


def test_events_that_a_receiver_has_no_form_for_are_counted(app, url, client):
    """Each for every receiver."""
    client.subscribe("com.example.news")
    with connected(url, "cbor") as publisher:
        publisher.join()
        for _ in range(2):
            publisher.publish("com.example.news", [cbor2.CBORTag(9999, 1)])
        settled(publisher)
    assert client.until_now() == []
    assert app.metrics().events_dropped["unwritable"] == 2


def test_workers_that_are_busy_are_counted(app, client):
    """And what waits for one."""
    go_on, started = threading.Event(), threading.Event()

    @app.register("com.example.slow")
    def slow() -> None:
        started.set()
        go_on.wait(40)

    client.send(CALL, 50, {}, "com.example.slow")
    assert started.wait(40)
    busy = app.metrics().workers
    go_on.set()
    assert set(busy) == {"calls", "logins", "authorizers"}
    assert (busy["calls"].busy, busy["calls"].waiting) == (1, 0)
    assert busy["calls"].bytes > 0


def test_the_longest_turn_is_that_since_the_last_time(app, client):
    """A function on the loop that takes its time shows."""

    @app.register("com.example.heavy", on_loop=True)
    def heavy() -> None:
        time.sleep(0.05)

    app.metrics()
    client.request(CALL, {}, "com.example.heavy")
    assert app.metrics().longest_turn >= 0.05


def test_an_application_without_a_router_has_figures_too():
    """Of its connections, and no others."""
    metrics = WSocketApp().metrics()
    assert metrics.router is None
    assert metrics.workers == {}


def page(url: str, path: str) -> tuple[int, str]:
    address = url.replace("ws:", "http:").rstrip("/") + path
    try:
        with urllib.request.urlopen(address) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


def test_prometheus_reads_the_page(url, client):
    """Its own parser does, and finds the figures."""
    settled(client)
    status, text = page(url, "/metrics")
    assert status == 200
    families = {each.name: each for each in text_string_to_metric_families(text)}
    received = {
        sample.labels["type"]: sample.value
        for sample in families["wsocket_messages_received"].samples
    }
    assert received["CALL"] >= 1
    assert families["wsocket_sessions"].samples[0].labels == {"realm": "realm1"}
    assert families["wsocket_call_seconds"].type == "histogram"
    assert families["wsocket_memory_limit_bytes"].samples[0].value == Limits().memory


def test_a_healthy_process_says_so(app, url, client):
    """And one that is about to end, that nobody is to be sent to it any more."""
    assert page(url, "/healthz") == (200, "ok\n")
    app.drain(0)
    assert page(url, "/healthz") == (503, "the server is about to end\n")


def test_figures_are_plain_values(app, client):
    """Whoever wants another format can write them as JSON."""
    metrics = app.metrics()
    assert json.dumps({**metrics.router.received, **metrics.events_dropped})
