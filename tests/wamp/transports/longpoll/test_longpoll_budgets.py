"""What polling clients may cost: bytes that wait for them, and what they send."""

from __future__ import annotations

import time
import tracemalloc
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.wamp.raw_client import (
    CALL,
    ERROR,
    EVENT,
    HELLO,
    PUBLISH,
    REALM,
    ROLES,
    SUBSCRIBE,
    WELCOME,
    connected,
)
from tests.wamp.transports.longpoll.client import LongPollClient, request
from tests.wamp.transports.longpoll.test_longpoll_batched import Batched

MIB = 2**20
JOIN = [HELLO, REALM, {"roles": ROLES}]
NOBODY = [CALL, 1, {}, "com.example.nobody"]


def joined(url: str) -> Batched:
    """A session on a transport with batches."""
    client = Batched(url, "json")
    assert client.send(JOIN).status == 204
    assert client.receive()[0][0] == WELCOME
    return client


def publish(url: str, topic: str, payloads: list[str], **options: object) -> None:
    """Publish from a websocket; when this returns, all of it has been routed."""
    with connected(url) as publisher:
        publisher.join()
        for payload in payloads:
            number = publisher.next_request()
            publisher.send(PUBLISH, number, options, topic, [payload])
        publisher.until_now()


# What waits for a poll


def test_what_waits_is_bounded_within_one_turn(serve, uri):
    """A few bytes ask for many large events, all at once."""
    url = serve(outbox_bytes=2 * MIB).url
    for number in range(20):
        publish(url, f"{uri}.{number}", ["x" * 200_000], retain=True)
    client = joined(url)
    options = {"match": "prefix", "get_retained": True}
    asked = [[SUBSCRIBE, 1 + each, options, uri] for each in range(50)]
    tracemalloc.start()
    try:
        assert client.send(*asked).status == 204
        with connected(url) as other:
            other.join()
            other.until_now()
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 20 * MIB  # not the 200 MB that were asked for
    waiting = sum(len(each[4][0]) for each in client.receive() if each[0] == EVENT)
    assert waiting <= 2 * MIB


def test_clients_that_do_not_poll_share_the_memory_of_the_process(serve, uri, caplog):
    """Each of them could keep more, but not all together; the rest is served."""
    polled = serve(outbox_bytes=8 * MIB, memory=8 * MIB)
    url = polled.url
    idle = [LongPollClient(url).join() for _ in range(6)]
    for each in idle:
        each.subscribe(uri)
    publish(url, uri, ["x" * 500_000] * 10)
    kept = [
        sum(len(event[4][0]) for event in each.until_now() if event[0] == EVENT)
        for each in idle
    ]
    assert 0 < sum(kept) <= 8 * MIB
    assert "Limits.memory" in caplog.text
    assert polled.app.metrics().events_dropped["memory"] > 0
    for each in idle:
        each.finish()


# What is sent


def test_others_are_served_while_a_large_batch_is_handled(serve):
    """Its answer comes when all of it is handled."""
    url = serve(outbox_messages=100_000).url
    client = joined(url)
    batch = [[PUBLISH, each, {}, "com.example.nobody"] for each in range(1, 20_001)]
    with ThreadPoolExecutor(1) as pool, connected(url) as other:
        other.join()
        sent = pool.submit(client.send, *batch, NOBODY)
        rounds = 0
        while not sent.done():
            other.until_now()
            rounds += 1
        assert sent.result().status == 204
    assert client.receive()[-1][:2] == [ERROR, CALL]
    assert rounds > 1


def test_requests_are_handled_one_after_another(serve, uri):
    """Also if the next one comes while the first is still handled."""
    client = joined(serve(outbox_messages=100_000, messages_per_second=1000).url)
    first = [[CALL, each, {}, "com.example.nobody"] for each in range(1, 1501)]
    with ThreadPoolExecutor(20) as pool:
        sends = [pool.submit(client.send, *first)]
        while not sends[0].running():
            time.sleep(0.001)
        time.sleep(0.1)
        later = range(1501, 1520)
        sends += [
            pool.submit(client.send, [CALL, each, {}, "com.example.nobody"])
            for each in later
        ]
        assert [each.result().status for each in sends] == [204] * 20
    requests: list[int] = []
    while len(requests) < 1519:
        requests += [answer[2] for answer in client.receive()]
    assert requests[:1500] == list(range(1, 1501))
    assert sorted(requests[1500:]) == list(later)


@pytest.mark.slow(reason="waits because of a rate")
@pytest.mark.parametrize("batches", [41, 1], ids=["one by one", "in one batch"])
def test_a_client_that_sends_too_many_messages_is_answered_later(serve, batches):
    """Twenty a second: forty-one take a second at least, and all are handled."""
    client = joined(serve(messages_per_second=20).url)
    started = time.monotonic()
    for _ in range(batches):
        assert client.send(*[NOBODY] * (41 // batches)).status == 204
    assert time.monotonic() - started > 0.9
    answers: list[list[object]] = []
    while len(answers) < 41:
        answers += client.receive()
    assert {answer[0] for answer in answers} == {ERROR}


@pytest.mark.slow(reason="waits because of a rate")
def test_a_client_that_sends_too_many_bytes_is_answered_later(serve):
    """A hundred thousand a second: three times as many take two seconds."""
    client = joined(serve(bytes_per_second=100_000).url)
    started = time.monotonic()
    large = [PUBLISH, 1, {}, "com.example.nobody", ["x" * 100_000]]
    for _ in range(3):
        assert client.send(large).status == 204
    assert time.monotonic() - started > 1.9


def test_a_client_that_has_to_wait_may_end_its_transport(serve):
    """The request that waits is answered at once; one behind it was not handled."""
    url = serve(messages_per_second=1).url
    client = joined(url)
    with ThreadPoolExecutor(2) as pool:
        waiting = pool.submit(client.send, *[NOBODY] * 30)
        handled = 0
        while handled < 30:
            handled += len(client.receive())
        behind = pool.submit(client.send, NOBODY)
        while not behind.running():
            time.sleep(0.001)
        time.sleep(0.1)
        assert request(url, f"{client.transport}/close").status == 204
        assert waiting.result().status == 204
        assert behind.result().status == 404
