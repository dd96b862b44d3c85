"""A WAMP client that polls: the standard library's HTTP client carries the messages."""

from __future__ import annotations

import http.client
import json
from collections import deque
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from tests.wamp.raw_client import (
    ABORT,
    FORMATS,
    SECONDS,
    VIOLATION,
    Closed,
    RawClient,
)

BASE = "/longpoll"


class Answer(NamedTuple):
    status: int
    headers: http.client.HTTPMessage
    body: bytes

    @property
    def text(self) -> str:
        return self.body.decode()


def request(
    url: str,
    path: str,
    body: bytes | str | None = None,
    *,
    method: str = "POST",
    headers: dict[str, str] | None = None,
) -> Answer:
    """One request on a connection of its own."""
    connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=SECONDS)
    try:
        connection.request(method, path, body, headers or {})
        response = connection.getresponse()
        return Answer(response.status, response.headers, response.read())
    finally:
        connection.close()


class LongPollClient(RawClient):
    """One transport, and the session on it; `Closed` has the HTTP status.

    Attributes:
        transport: The path of the transport.
        opened: What ``/open`` answered.
    """

    def __init__(
        self,
        url: str,
        serializer: str = "json",
        *,
        headers: dict[str, str] | None = None,
    ) -> None:
        self.url = url
        self.format = FORMATS[serializer]
        self.inbox: deque[list[Any]] = deque()
        self.session = 0
        self.welcome: dict[str, Any] = {}
        self._last_request = 0
        self.headers = headers or {}
        offer = json.dumps({"protocols": [f"wamp.2.{serializer}"]})
        self.opened = self.post(f"{BASE}/open", offer)
        assert self.opened.status == 200, self.opened
        self.transport = f"{BASE}/{json.loads(self.opened.body)['transport']}"

    def post(self, path: str, body: bytes | str | None = None) -> Answer:
        if isinstance(body, str):
            body = body.encode()
        return request(self.url, path, body, headers=self.headers)

    def send_data(self, data: str | bytes) -> None:
        answer = self.post(f"{self.transport}/send", data)
        if answer.status != 204:
            raise Closed(answer.status)
        assert answer.body == b""

    def poll(self) -> Answer:
        """One request for a message."""
        return self.post(f"{self.transport}/receive")

    def receive_data(self) -> bytes:
        while True:
            answer = self.poll()
            if answer.status == 200:
                return answer.body
            if answer.status != 204:
                raise Closed(answer.status)

    def aborted(self) -> str:
        """Expect ABORT for a protocol violation, then the end; return the message."""
        code, details, reason = self.receive()
        assert (code, reason) == (ABORT, VIOLATION)
        assert self.end() == 404
        return details["message"]

    def close(self) -> None:
        """End the transport; it may be gone already."""
        assert self.post(f"{self.transport}/close").status == 204
