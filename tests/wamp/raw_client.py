"""A WAMP client that is only as clever as its test: lists in, lists out.

It shares no code with the router: websocket-client carries the messages; json, msgpack,
cbor2 and bjdata write them.
"""

from __future__ import annotations

import json
import struct
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any, NamedTuple

import bjdata
import cbor2
import msgpack
import websocket
from websocket import ABNF

from tests.patience import SECONDS

REALM = "realm1"
VIOLATION = "wamp.error.protocol_violation"
ROLES = {"caller": {}, "callee": {}, "publisher": {}, "subscriber": {}}

HELLO, WELCOME, ABORT, GOODBYE, ERROR = 1, 2, 3, 6, 8
PUBLISH, PUBLISHED = 16, 17
SUBSCRIBE, SUBSCRIBED, UNSUBSCRIBE, UNSUBSCRIBED, EVENT = 32, 33, 34, 35, 36
CALL, CANCEL, RESULT = 48, 49, 50
REGISTER, REGISTERED, UNREGISTER, UNREGISTERED = 64, 65, 66, 67
INVOCATION, INTERRUPT, YIELD = 68, 69, 70

# What answers no request, though there may be a number like that of one in it.
NO_ANSWERS = (WELCOME, ABORT, GOODBYE, EVENT, INVOCATION, INTERRUPT)


class Format(NamedTuple):
    """How a serializer's messages look on the wire."""

    name: str
    dumps: Callable[[Any], str | bytes]
    loads: Callable[[str | bytes], Any]
    binary: bool


def _packb(value: Any) -> bytes:
    return msgpack.packb(value, use_bin_type=True)


def _unpackb(data: str | bytes) -> Any:
    return msgpack.unpackb(data, raw=False, strict_map_key=False)


FORMATS = {
    each.name: each
    for each in (
        Format("json", partial(json.dumps, ensure_ascii=False), json.loads, False),
        Format("msgpack", _packb, _unpackb, True),
        Format("cbor", cbor2.dumps, cbor2.loads, True),
        Format("ubjson", bjdata.dumpb, bjdata.loadb, True),
    )
}


def frame_of_batch(name: str, data: bytes) -> bytes:
    """One message in the form it has in a batch of this serializer."""
    if name == "json":
        return data + b"\x1e"
    return struct.pack(">I", len(data)) + data


def _batch_of_one(name: str) -> Format:
    plain = FORMATS[name]

    def dumps(value: Any) -> bytes:
        data = plain.dumps(value)
        return frame_of_batch(name, data.encode() if isinstance(data, str) else data)

    def loads(data: str | bytes) -> Any:
        assert isinstance(data, bytes)
        message = data[:-1] if name == "json" else data[4:]
        assert frame_of_batch(name, message) == data
        return plain.loads(message)

    return Format(f"{name}.batched", dumps, loads, plain.binary)


BATCHED = {f"{name}.batched": _batch_of_one(name) for name in FORMATS}


class Closed(Exception):
    """The server closed the websocket; `code` is 1006 without a Close frame."""

    def __init__(self, code: int) -> None:
        super().__init__(f"closed with {code}")
        self.code = code


class RawClient:
    """One websocket with a WAMP subprotocol, and the session on it.

    Attributes:
        session: The session ID, after `join`.
        welcome: WELCOME.Details, after `join`.
        inbox: Messages that arrived while something else was awaited.
    """

    def __init__(
        self, url: str, serializer: str = "json", *, timeout: float = SECONDS
    ) -> None:
        self.format = {**FORMATS, **BATCHED}[serializer]
        self.ws = websocket.create_connection(
            url,
            subprotocols=[f"wamp.2.{serializer}"],
            timeout=timeout,
            skip_utf8_validation=True,  # a loop over all bytes; `receive_data` is quick
        )
        self.inbox: deque[list[Any]] = deque()
        self.session = 0
        self.welcome: dict[str, Any] = {}
        self._last_request = 0

    # Messages

    def send(self, *message: Any) -> None:
        """Send one message."""
        self.send_data(self.format.dumps(list(message)))

    def send_data(self, data: str | bytes) -> None:
        """Send bytes as one message of the serializer's kind, whatever they are."""
        opcode = ABNF.OPCODE_BINARY if self.format.binary else ABNF.OPCODE_TEXT
        self.ws.send(data, opcode)

    def receive_data(self) -> bytes:
        """The next message as it is on the wire; `Closed` when there is none."""
        try:
            opcode, data = self.ws.recv_data()
        except (websocket.WebSocketConnectionClosedException, ConnectionError):
            raise Closed(1006) from None
        if opcode == ABNF.OPCODE_CLOSE:
            raise Closed(int.from_bytes(data[:2], "big") if data else 1005)
        assert opcode == (
            ABNF.OPCODE_BINARY if self.format.binary else ABNF.OPCODE_TEXT
        )
        if opcode == ABNF.OPCODE_TEXT:
            data.decode()  # text is UTF-8 (RFC 6455 section 5.6)
        return data

    def receive(self) -> list[Any]:
        """The next message."""
        if self.inbox:
            return self.inbox.popleft()
        return self.format.loads(self.receive_data())

    def answer(self, request: int) -> list[Any]:
        """The answer to *request*; what comes before it is kept in the inbox."""
        while True:
            message = self.format.loads(self.receive_data())
            position = 2 if message[0] == ERROR else 1
            if message[0] not in NO_ANSWERS and message[position] == request:
                return message
            self.inbox.append(message)

    def until_now(self) -> list[list[Any]]:
        """Everything that the router had sent when it processed this request."""
        request = self.next_request()
        self.send(UNSUBSCRIBE, request, 2**53)
        assert self.answer(request)[4] == "wamp.error.no_such_subscription"
        messages = list(self.inbox)
        self.inbox.clear()
        return messages

    def end(self) -> int:
        """The close code; nothing else may come before the end."""
        assert not self.inbox
        try:
            message = self.receive_data()
        except Closed as closed:
            return closed.code
        raise AssertionError(f"expected the end of the websocket, got {message!r}")

    def aborted(self) -> str:
        """Expect ABORT for a protocol violation, then the end; return the message."""
        code, details, reason = self.receive()
        assert (code, reason) == (ABORT, VIOLATION)
        assert self.end() == 1002
        return details["message"]

    def close(self) -> None:
        """Drop the connection."""
        self.ws.shutdown()

    def finish(self) -> None:
        """Leave, and see that the router has noticed: the next test starts afresh.

        Without a session GOODBYE is a violation, which ends the websocket as well.
        """
        try:
            self.send(GOODBYE, {}, "wamp.close.close_realm")
            while self.format.loads(self.receive_data())[0] != GOODBYE:
                pass
        except (Closed, OSError, websocket.WebSocketException):
            return  # it was over already
        finally:
            self.close()

    # Requests

    def next_request(self) -> int:
        self._last_request += 1
        return self._last_request

    def join(self, realm: str = REALM, **details: Any) -> RawClient:
        """Say HELLO and expect WELCOME."""
        self.send(HELLO, realm, {"roles": ROLES, **details})
        code, self.session, self.welcome = self.receive()
        assert code == WELCOME
        self._last_request = 0
        return self

    def leave(self) -> None:
        """Say GOODBYE and expect the answer."""
        self.send(GOODBYE, {}, "wamp.close.close_realm")
        assert self.receive() == [GOODBYE, {}, "wamp.close.goodbye_and_out"]

    def request(self, code: int, options: dict[str, Any], *rest: Any) -> list[Any]:
        """Send ``[code, request, options, *rest]`` and return the answer."""
        request = self.next_request()
        self.send(code, request, options, *rest)
        return self.answer(request)

    def subscribe(self, topic: str, **options: Any) -> int:
        """The subscription ID."""
        answer = self.request(SUBSCRIBE, options, topic)
        assert answer[0] == SUBSCRIBED, answer
        return answer[2]

    def register(self, procedure: str, **options: Any) -> int:
        """The registration ID."""
        answer = self.request(REGISTER, options, procedure)
        assert answer[0] == REGISTERED, answer
        return answer[2]

    def remove(self, code: int, id: int) -> None:
        """UNSUBSCRIBE or UNREGISTER."""
        request = self.next_request()
        self.send(code, request, id)
        assert self.answer(request) == [code + 1, request]

    def publish(self, topic: str, *payload: Any, **options: Any) -> int:
        """Publish and see it acknowledged; the publication ID.

        All EVENTs of the publication are queued by then: a receiver's `until_now` has
        them.
        """
        answer = self.request(
            PUBLISH, {"acknowledge": True, **options}, topic, *payload
        )
        assert answer[0] == PUBLISHED, answer
        return answer[2]

    def call(self, procedure: str, *payload: Any, **options: Any) -> int:
        """Send a CALL; the request ID."""
        request = self.next_request()
        self.send(CALL, request, options, procedure, *payload)
        return request

    def invoked(self) -> list[Any]:
        """The next message, which must be an INVOCATION: all after its code."""
        message = self.receive()
        assert message[0] == INVOCATION, message
        return message[1:]


@contextmanager
def connected(url: str, serializer: str = "json") -> Iterator[RawClient]:
    """A websocket without a session yet."""
    client = RawClient(url, serializer)
    try:
        yield client
    finally:
        client.finish()


def ask(client: RawClient, procedure: str, *payload: Any) -> list[Any]:
    """Call, and return the answer, which must be the next message."""
    request = client.call(procedure, *payload)
    answer = client.receive()
    assert answer[1 if answer[0] == RESULT else 2] == request
    return answer
