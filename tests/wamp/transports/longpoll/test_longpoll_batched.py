"""Batched protocols over long polling: what waits shares one body."""

from __future__ import annotations

import json

import pytest

from tests.wamp.raw_client import (
    ABORT,
    ERROR,
    EVENT,
    FORMATS,
    HELLO,
    PUBLISH,
    REALM,
    ROLES,
    SUBSCRIBE,
    SUBSCRIBED,
    UNSUBSCRIBE,
    VIOLATION,
    WELCOME,
    connected,
    frame_of_batch,
)
from tests.wamp.transports.longpoll.client import BASE, Closed, request


class Batched:
    """A transport whose bodies are batches, written and read by hand."""

    def __init__(self, url, serializer):
        self.url = url
        self.name = serializer
        self.format = FORMATS[serializer]
        offer = json.dumps({"protocols": [f"wamp.2.{serializer}.batched"]})
        opened = json.loads(request(url, f"{BASE}/open", offer).body)
        assert opened["protocol"] == f"wamp.2.{serializer}.batched"
        self.transport = f"{BASE}/{opened['transport']}"

    def send(self, *messages):
        written = (self.format.dumps(each) for each in messages)
        parts = (each.encode() if isinstance(each, str) else each for each in written)
        return self.post(b"".join(frame_of_batch(self.name, part) for part in parts))

    def post(self, body):
        return request(self.url, f"{self.transport}/send", body)

    def receive(self):
        answer = request(self.url, f"{self.transport}/receive")
        if answer.status != 200:
            raise Closed(answer.status)
        messages, rest = [], answer.body
        while rest:
            if self.name == "json":
                data, _, rest = rest.partition(b"\x1e")
            else:
                end = 4 + int.from_bytes(rest[:4], "big")
                data, rest = rest[4:end], rest[end:]
            messages.append(self.format.loads(data))
        return messages


def test_messages_of_one_batch_are_handled_in_order(polled, serializer, uri):
    """HELLO and what follows it may share a body, and so may the answers."""
    client = Batched(polled.url, serializer)
    subscribe = [SUBSCRIBE, 1, {}, uri]
    assert client.send([HELLO, REALM, {"roles": ROLES}], subscribe).status == 204
    messages = client.receive()
    assert [each[0] for each in messages] == [WELCOME, SUBSCRIBED]


def test_what_waits_comes_in_one_batch(polled, serializer, uri):
    """A poll that was away for a while needs no second one."""
    client = Batched(polled.url, serializer)
    client.send([HELLO, REALM, {"roles": ROLES}], [SUBSCRIBE, 1, {}, uri])
    client.receive()
    with connected(polled.ws()) as websocket:
        websocket.join()
        for number in range(50):
            websocket.send(PUBLISH, number + 1, {}, uri, [number])
        websocket.until_now()
    events = client.receive()
    assert [each[0] for each in events] == [EVENT] * 50
    assert [each[4] for each in events] == [[number] for number in range(50)]


@pytest.mark.parametrize(
    ("serializer", "body"),
    [("json", b"[1]"), ("msgpack", b"\0\0"), ("cbor", b"\0\0\0\x05ab"), ("json", b"")],
)
def test_malformed_batch_is_refused_and_aborts_the_session(polled, serializer, body):
    """An empty one, too; nothing that came with it counts."""
    client = Batched(polled.url, serializer)
    client.send([HELLO, REALM, {"roles": ROLES}])
    assert client.receive()[0][0] == WELCOME
    assert client.post(body).status == 400
    [[code, details, reason]] = client.receive()
    assert (code, reason) == (ABORT, VIOLATION)
    assert "expected" in details["message"]


def test_rest_of_a_batch_is_ignored_after_a_violation(polled, serializer):
    """Nothing is answered after the ABORT."""
    client = Batched(polled.url, serializer)
    hello = [HELLO, REALM, {"roles": ROLES}]
    assert client.send(hello, hello, [UNSUBSCRIBE, 1, 5]).status == 400
    codes = [each[0] for each in client.receive()]
    assert codes == [WELCOME, ABORT]
    assert ERROR not in codes
