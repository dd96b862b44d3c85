"""A client of the bridge that shares no code with it: the standard library alone."""

from __future__ import annotations

import base64
import hashlib
import hmac
import http.client
import json
import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

from tests.patience import SECONDS
from tests.wamp.transports.longpoll.client import Answer, request

JSON = {"Content-Type": "application/json"}


def post(
    url: str, path: str, body: Any, *, headers: dict[str, str] | None = None
) -> Answer:
    """POST JSON, or bytes as they are."""
    data = body if isinstance(body, bytes) else json.dumps(body)
    return request(url, path, data, headers={**JSON, **(headers or {})})


def publish(url: str, topic: str, *args: Any, **headers: str) -> int:
    """The publication ID."""
    answer = post(url, "/wamp/publish", {"topic": topic, "args": args}, headers=headers)
    assert answer.status == 200, answer
    return json.loads(answer.body)["publication"]


def problem(answer: Answer) -> dict[str, Any]:
    """What a problem says; its form is that of RFC 9457."""
    assert answer.headers["Content-Type"] == "application/problem+json"
    found = json.loads(answer.body)
    assert found["status"] == answer.status
    assert found["type"] == "about:blank"
    assert found["title"]
    return found


def signed(
    secret: str,
    path: str,
    body: bytes,
    *,
    method: str = "POST",
    key: str = "cron",
    at: float | None = None,
    nonce: str | None = None,
) -> dict[str, str]:
    """The header of a signed request."""
    stamp = str(int(time.time() if at is None else at))
    nonce = nonce or secrets.token_hex(16)
    text = "\n".join([method, path, stamp, nonce, ""]).encode() + body
    digest = hmac.new(secret.encode(), text, hashlib.sha256).digest()
    signature = base64.b64encode(digest).decode()
    value = f'WAMP-HMAC key="{key}", ts="{stamp}", nonce="{nonce}"'
    return {"Authorization": f'{value}, signature="{signature}"'}


class Stream:
    """A response of ``/events``, event by event."""

    def __init__(self, response: http.client.HTTPResponse) -> None:
        self.status = response.status
        self.headers = response.headers
        self._response = response

    def next(self) -> dict[str, str]:
        """The next event, as its fields; comments and empty events are left out."""
        fields: dict[str, str] = {}
        while True:
            line = self._response.readline().decode()
            if not line:
                raise EOFError
            name, colon, value = line.rstrip("\n").partition(":")
            if name and colon:
                fields[name] = value.removeprefix(" ")
            if line == "\n" and "data" in fields:
                return fields
            if line == "\n":
                fields = {}

    def data(self) -> dict[str, Any]:
        """The data of the next event."""
        return json.loads(self.next()["data"])

    def args(self) -> list[Any]:
        """The arguments of the next event."""
        return self.data()["args"]

    def comment(self) -> bytes:
        """The next comment."""
        while not (line := self._response.readline()).startswith(b":"):
            assert line
        return line


@contextmanager
def listening(url: str, query: str, **headers: str) -> Iterator[Stream]:
    """A stream of events, which is open when the block begins."""
    connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=SECONDS)
    names = {name.replace("_", "-"): value for name, value in headers.items()}
    try:
        connection.request("GET", f"/wamp/events?{query}", headers=names)
        response = connection.getresponse()
        with response:
            yield Stream(response)
    finally:
        connection.close()
