"""WAMP sessions over long polling, on both servers, next to websockets."""

from __future__ import annotations

import json
import re
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.wamp.apps.longpoll import SHORT
from tests.wamp.longpoll.client import BASE, LongPollClient, request
from tests.wamp.raw_client import (
    CALL,
    ERROR,
    EVENT,
    FORMATS,
    GOODBYE,
    PUBLISH,
    RESULT,
    SUBSCRIBE,
    SUBSCRIBED,
    VIOLATION,
    WELCOME,
    YIELD,
    Closed,
    ask,
    connected,
)


def test_open_names_the_protocol_and_a_transport(polled):
    """The first protocol of the client's list that is spoken here."""
    offer = {"protocols": ["wamp.3.x", "wamp.2.cbor", "wamp.2.json"], "unknown": 1}
    answer = request(polled.url, f"{BASE}/open?x=123", json.dumps(offer))
    assert answer.status == 200
    assert answer.headers["Content-Type"] == "application/json"
    assert answer.headers["Cache-Control"] == "no-store"
    opened = json.loads(answer.body)
    assert opened.keys() == {"protocol", "transport"}
    assert opened["protocol"] == "wamp.2.cbor"
    assert request(polled.url, f"{BASE}/{opened['transport']}/close").status == 204


def test_ids_of_transports_cannot_be_guessed(polled):
    """At least 128 bits that differ, in characters that need no escaping."""
    clients = [LongPollClient(polled.url) for _ in range(20)]
    ids = [client.transport.removeprefix(f"{BASE}/") for client in clients]
    assert len(set(ids)) == 20
    assert all(re.fullmatch(r"[\w-]{22,}", each, re.ASCII) for each in ids)
    for client in clients:
        client.close()


def test_join_and_leave(polled, serializer):
    """WELCOME is that of a websocket; after GOODBYE the transport can join again."""
    with connected(polled.ws(), serializer) as websocket:
        expected = websocket.join().welcome
    client = LongPollClient(polled.url, serializer)
    for _ in range(2):
        welcome = client.join().welcome
        assert welcome.keys() == expected.keys()
        assert welcome["roles"] == expected["roles"]
        assert welcome["authmethod"] == "anonymous"
        client.leave()
    client.close()
    assert client.end() == 404


@pytest.mark.parametrize("other", list(FORMATS))
def test_calls_cross_transports_in_both_directions(polled, poller, serializer, other):
    """A poller calls a websocket's procedure, and the other way round."""
    client = poller(serializer)
    with connected(polled.ws(), other) as websocket:
        websocket.join()
        for caller, callee in ((client, websocket), (websocket, client)):
            procedure = f"com.example.{serializer}.{other}.{id(callee)}"
            registration = callee.register(procedure)
            number = caller.call(procedure, ["text", 1], {"key": [None]})
            invocation, got, _, *payload = callee.invoked()
            assert (got, payload) == (registration, [["text", 1], {"key": [None]}])
            callee.send(YIELD, invocation, {}, ["done"])
            assert caller.receive() == [RESULT, number, {}, ["done"]]


def test_procedures_of_the_application_are_called(poller, serializer):
    """And errors come back as errors."""
    client = poller(serializer)
    assert ask(client, "com.example.add", [2, 3])[3] == [5]
    assert ask(client, "com.example.none")[4] == "wamp.error.no_such_procedure"


def test_events_cross_transports_in_both_directions(polled, poller, serializer, uri):
    """Between a poller and a websocket; the publisher is excluded."""
    client = poller(serializer)
    with connected(polled.ws()) as websocket:
        websocket.join()
        for publisher, subscriber in ((client, websocket), (websocket, client)):
            topic = f"{uri}.{id(publisher)}"
            subscription = subscriber.subscribe(topic)
            publication = publisher.publish(topic, ["text"], {"key": 1})
            event = [EVENT, subscription, publication, {}, ["text"], {"key": 1}]
            assert subscriber.receive() == event


def test_messages_come_in_order_one_in_each_answer(polled, poller, serializer, uri):
    """What waits is not joined: these protocols are not batched."""
    client = poller(serializer)
    client.subscribe(uri)
    with connected(polled.ws()) as websocket:
        websocket.join()
        for number in range(100):
            websocket.send(PUBLISH, number + 1, {}, uri, [number])
        websocket.until_now()
    answers = [client.poll() for _ in range(100)]
    assert {answer.status for answer in answers} == {200}
    messages = [client.format.loads(answer.body) for answer in answers]
    assert [message[4] for message in messages] == [[number] for number in range(100)]
    kind = "octet-stream" if client.format.binary else "json"
    assert answers[0].headers["Content-Type"] == f"application/{kind}"


def test_sends_are_handled_in_the_order_of_their_answers(poller, uri):
    """Who waits for each answer is understood in order."""
    client = poller()
    for number in range(1, 51):
        client.send(SUBSCRIBE, number, {}, f"{uri}.{number}")
    received = [client.receive() for _ in range(50)]
    assert [message[:2] for message in received] == [
        [SUBSCRIBED, number] for number in range(1, 51)
    ]


def test_pending_poll_returns_as_soon_as_there_is_a_message(
    polled, poller, waiting_poll, uri
):
    """It does not wait for its timeout of a minute."""
    client = poller()
    client.subscribe(uri)
    with connected(polled.ws()) as websocket:
        websocket.join()
        pending = waiting_poll(client)
        websocket.publish(uri, ["now"])
        assert json.loads(pending.result().body)[4] == ["now"]


def test_idle_poll_is_answered_empty(brief):
    """After the poll timeout, with a status that autobahn.js takes for success."""
    client = LongPollClient(brief.url).join()
    started = time.monotonic()
    answer = client.poll()
    assert (answer.status, answer.body) == (204, b"")
    assert SHORT * 0.9 < time.monotonic() - started < 5
    assert client.until_now() == []  # the session goes on
    client.finish()


def test_older_of_two_polls_is_answered_empty(poller, beside, waiting_poll):
    """The newer one gets the next message."""
    client = poller()
    older = waiting_poll(client)
    newer = beside(client.poll)
    assert older.result().status == 204
    client.send(CALL, 1, {}, "com.example.none")
    assert json.loads(newer.result().body)[:3] == [ERROR, CALL, 1]


def test_polls_that_wait_delay_nobody(polled, poller, uri):
    """Each blocks only its own thread or greenlet."""
    clients = [poller() for _ in range(20)]
    for client in clients:
        client.subscribe(uri)
    with ThreadPoolExecutor(20) as pool, connected(polled.ws()) as websocket:
        websocket.join()
        pending = [pool.submit(client.receive) for client in clients]
        assert request(polled.url, "/", method="GET").text == "HTTP works"
        assert ask(websocket, "com.example.add", [2, 3])[3] == [5]
        websocket.publish(uri, ["all"])
        assert [each.result()[4] for each in pending] == [["all"]] * 20


def test_close_ends_the_session_and_its_poll(poller, waiting_poll, uri):
    """The poll ends well: autobahn.js would report an error for what it asked for."""
    client, other = poller(), poller()
    client.register(uri)
    pending = waiting_poll(client)
    closed = client.post(f"{client.transport}/close")
    assert (closed.status, closed.body) == (204, b"")
    assert pending.result().status == 204
    assert other.register(uri)
    for action in ("receive", "send"):
        answer = client.post(f"{client.transport}/{action}", "[]")
        assert answer.status == 404
        assert "no such transport" in answer.text
        assert client.transport not in answer.text
    client.close()  # once more is no error


@pytest.mark.parametrize(
    ("data", "problem"),
    [
        (b"no JSON", "message: "),
        (b"", "message: "),
        (b'[48, 1, {}, "\xff"]', "utf-8"),
        (b'[48, 1, {}, "com.example.add", ["\xff"]]', "utf-8"),
        (b'[48, 1, {}, "com.example.add", {}]', "CALL.Arguments: expected a list"),
        (b'[1, "realm1", {}]', "HELLO"),
        (b"\x93\x01\x02\x03", "utf-8"),
    ],
)
def test_violation_is_refused_and_aborts_the_session(poller, data, problem):
    """The sender is told where to look: the next poll has the ABORT and is the last."""
    client = poller()
    answer = client.post(f"{client.transport}/send", data)
    assert answer.status == 400
    assert "ABORT" in answer.text
    late = client.post(f"{client.transport}/send", b'[48, 1, {}, "com.example.add"]')
    assert late.status == 400
    assert problem in client.aborted()


def test_pending_poll_gets_the_abort(poller, waiting_poll):
    """And the transport is gone at once."""
    client = poller()
    pending = waiting_poll(client)
    with pytest.raises(Closed) as refused:
        client.send(GOODBYE)
    assert refused.value.code == 400
    assert json.loads(pending.result().body)[2] == VIOLATION
    assert client.end() == 404


def test_messages_before_the_abort_are_delivered(poller):
    """One by one, as any others."""
    client = poller()
    client.send(CALL, 1, {}, "com.example.none")
    with pytest.raises(Closed):
        client.send(WELCOME, 1, {})
    assert client.receive()[:3] == [ERROR, CALL, 1]
    assert client.aborted()


def test_client_may_abort(poller, uri):
    """Nothing is left to say: the transport is gone with it."""
    client, other = poller(), poller()
    client.register(uri)
    client.send(3, {}, "com.example.error.tired")
    assert client.end() == 404
    assert other.register(uri)


def test_binary_transport_wants_binary(poller):
    """Text is malformed there."""
    for serializer in ("msgpack", "cbor"):
        client = poller(serializer)
        assert client.post(f"{client.transport}/send", "[48]").status == 400
        assert client.aborted()


def test_no_log_has_the_id_of_a_transport(polled, poller):
    """Whoever has it has the session; the log names the request without it."""
    client = poller()
    client.until_now()
    transport = client.transport.removeprefix(f"{BASE}/")
    for path in ("", "/", "/receive/", "/elsewhere", "/send?x=1"):
        client.post(f"{client.transport}{path}", "bad")
    request(polled.url, f"{client.transport}/receive", method="PUT")
    client.close()
    request(polled.url, "/logged-last")
    while "logged-last" not in polled.log.read_text():
        time.sleep(0.001)
    log = polled.log.read_text()
    assert f"POST {BASE}/<transport>/receive" in log
    assert f"POST {BASE}/open" in log
    assert transport not in log
