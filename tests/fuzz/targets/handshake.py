"""Upgrade requests: what is answered is one head of HTTP, whatever the fields say."""

from __future__ import annotations

import re
from typing import Any

from tests.fuzz.byte_source import ByteSource
from wsocket.core.websocket import deflate
from wsocket.core.websocket.handshake import (
    Handshake,
    is_upgrade,
    negotiate,
    offered_subprotocols,
)
from wsocket.errors import HandshakeError

SUBPROTOCOLS = ("wamp.2.json", "chat")
FIELDS = (
    "HTTP_SEC_WEBSOCKET_EXTENSIONS",
    "HTTP_SEC_WEBSOCKET_PROTOCOL",
    "HTTP_ORIGIN",
    "HTTP_SEC_WEBSOCKET_KEY",
    "HTTP_HOST",
    "HTTP_UPGRADE",
    "HTTP_CONNECTION",
    "HTTP_SEC_WEBSOCKET_VERSION",
    "HTTP_SEC_WEBSOCKET_ORIGIN",
    "SERVER_PROTOCOL",
    "REQUEST_METHOD",
)
GOOD = {
    "REQUEST_METHOD": "GET",
    "SERVER_PROTOCOL": "HTTP/1.1",
    "HTTP_HOST": "example.com",
    "HTTP_UPGRADE": "websocket",
    "HTTP_CONNECTION": "keep-alive, Upgrade",
    "HTTP_SEC_WEBSOCKET_VERSION": "13",
    "HTTP_SEC_WEBSOCKET_KEY": "dGhlIHNhbXBsZSBub25jZQ==",
    "wsgi.url_scheme": "http",
}
HEAD = re.compile(
    r"HTTP/1\.1 101 Switching Protocols\r\n(?:[A-Za-z-]+: [!-~](?:[ -~]*[!-~])?\r\n)+"
)


def run_one(data: bytes) -> object:
    """Answer a request with some fields replaced: their lines are what is fuzzed."""
    environ: dict[str, Any] = dict(GOOD)
    source = ByteSource(data)
    allowed = source.pick((None, ["*"], ["https://*.example.com", "null"]))
    for line in source.rest().split(b"\n"):
        if line:
            field = FIELDS[line[0] % len(FIELDS)]
            environ[field] = line[1:].decode("latin-1")
    asks = is_upgrade(environ)
    try:
        offered = offered_subprotocols(environ)
        handshake = negotiate(
            environ,
            offered=offered,
            subprotocols=SUBPROTOCOLS,
            allowed_origins=allowed,
            deflate=True,
        )
    except HandshakeError as error:
        assert error.status[:3] in ("400", "403", "405", "426")
        assert error.problem.isprintable()  # it goes into the log
        return error.status
    assert asks
    check_response(handshake, offered)
    return handshake


def check_response(handshake: Handshake, offered: tuple[str, ...]) -> None:
    """One head, with a subprotocol and an extension that the client has offered."""
    response = handshake.response_bytes().decode("ascii")
    head, end, rest = response.partition("\r\n\r\n")
    assert end
    assert not rest
    assert HEAD.fullmatch(head + "\r\n")
    assert handshake.subprotocol in (None, *offered)
    if handshake.extensions:
        [(name, _)] = deflate.parse_extensions(handshake.extensions)
        assert name == "permessage-deflate"
