"""The opening handshake of the client (RFC 6455, section 4)."""

from __future__ import annotations

import pytest

from wsocket.client.settings import ClientSettings
from wsocket.client.upgrade import check_response, read_response, upgrade_request
from wsocket.errors import ConnectFailed

# The example of RFC 6455, section 1.3.
KEY = "dGhlIHNhbXBsZSBub25jZQ=="
RESPONSE = {
    "Upgrade": "websocket",
    "Connection": "Upgrade",
    "Sec-WebSocket-Accept": "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=",
    "Sec-WebSocket-Protocol": "wamp.2.json",
}


def request(url: str, **options) -> list[str]:
    """The lines of a request, without the empty ones at its end."""
    text = upgrade_request(ClientSettings(url, **{"realm": "realm1", **options}), KEY)
    assert text.endswith(b"\r\n\r\n")
    return text.decode().split("\r\n")[:-2]


def judge(fields: dict[str, str], status: str = "101 Switching Protocols") -> None:
    """Check a response with these header fields."""
    lines = [f"HTTP/1.1 {status}"]
    lines += [f"{key}: {value}" for key, value in fields.items()]
    settings = ClientSettings("ws://a/", "realm1")
    response = read_response("\r\n".join(lines).encode(), settings)
    check_response(response, b"no <b>", settings, key=KEY)


def test_the_request_is_complete():
    """With the header fields that the user has given."""
    options = {"headers": {"Cookie": "a=b"}, "origin": "http://x"}
    assert request("ws://example.com:8080/ws?a=1", **options) == [
        "GET /ws?a=1 HTTP/1.1",
        "Host: example.com:8080",
        "Upgrade: websocket",
        "Connection: Upgrade",
        f"Sec-WebSocket-Key: {KEY}",
        "Sec-WebSocket-Version: 13",
        "Sec-WebSocket-Protocol: wamp.2.json",
        "Origin: http://x",
        "Cookie: a=b",
    ]


@pytest.mark.parametrize(
    ("url", "target", "host"),
    [
        ("ws://example.com", "/", "example.com"),
        ("ws://example.com:80/", "/", "example.com"),
        ("ws://example.com:443/", "/", "example.com:443"),
        ("wss://example.com:443/", "/", "example.com"),
        ("wss://example.com?x=%20y", "/?x=%20y", "example.com"),
        ("ws://[::1]:8080/", "/", "[::1]:8080"),
        ("ws://[::1]/", "/", "[::1]"),
        ("ws://b\xfccher.example/", "/", "xn--bcher-kva.example"),
        ("ws://a/b c/\N{SNOWMAN}", "/b%20c/%E2%98%83", "a"),
    ],
)
def test_target_and_host_are_those_of_the_url(url, target, host):
    """The port is left out where it is the usual one; other characters are escaped."""
    lines = request(url)
    assert lines[:2] == [f"GET {target} HTTP/1.1", f"Host: {host}"]


def test_the_response_of_the_standard_is_accepted():
    """Names and some values are the same in other letters."""
    judge(RESPONSE)
    judge({key.upper(): value for key, value in RESPONSE.items()})
    judge({**RESPONSE, "Upgrade": "WebSocket", "Connection": "keep-alive, upgrade"})


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"Sec-WebSocket-Accept": "x"}, "sec-websocket-accept: expected"),
        ({"Sec-WebSocket-Protocol": "wamp.2.cbor"}, "expected 'wamp.2.json', got"),
        ({"Upgrade": "h2c"}, "upgrades to something else"),
        ({"Connection": "close"}, "upgrades to something else"),
        ({"Sec-WebSocket-Extensions": "permessage-deflate"}, "not asked for"),
    ],
)
def test_another_response_is_refused(change, problem):
    """It is none of a router that has understood the request."""
    with pytest.raises(ConnectFailed, match=problem):
        judge({**RESPONSE, **change})


@pytest.mark.parametrize("name", RESPONSE)
def test_every_field_is_needed(name):
    """Without one of them there is no websocket."""
    with pytest.raises(ConnectFailed, match="no websocket of a WAMP router"):
        judge({key: value for key, value in RESPONSE.items() if key != name})


def test_another_status_is_refused():
    """Pages in HTML are not shown."""
    with pytest.raises(ConnectFailed, match=r"answered 302, expected 101; .*'/b'"):
        judge({"Location": "/b"}, "302 Found")
    with pytest.raises(ConnectFailed, match=r"answered 200, .* path in the URL"):
        judge({}, "200 OK")
    with pytest.raises(ConnectFailed, match=r"answered 403, .*headers= or origin="):
        judge({}, "403 Forbidden")
    with pytest.raises(ConnectFailed, match=r"answered 503, .*try again later"):
        judge({}, "503 Service Unavailable")


@pytest.mark.parametrize("first", ["", "SSH-2.0-x", "HTTP/2 101", "HTTP/1.1 abc"])
def test_another_protocol_is_named(first):
    """Such as that of a port that something else has."""
    with pytest.raises(ConnectFailed, match=r"expected a websocket \(HTTP\), got"):
        read_response(first.encode(), ClientSettings("ws://a/", "realm1"))
