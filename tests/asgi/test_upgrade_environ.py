"""What a WSGI application sees of an ASGI websocket scope."""

from __future__ import annotations

import pytest

from wsocket.asgi.upgrade_environ import upgrade_environ

SCOPE = {
    "type": "websocket",
    "scheme": "wss",
    "path": "/caf\N{LATIN SMALL LETTER E WITH ACUTE}",
    "query_string": b"room=1",
    "headers": [(b"host", b"example.com"), (b"origin", b"https://example.com")],
    "server": ("192.0.2.1", 443),
    "client": ("192.0.2.7", 50000),
    "subprotocols": ["wamp.2.json", "wamp.2.cbor"],
}


def test_the_request_is_that_of_the_scope():
    """Path, query, headers, both ends, and whether it came over TLS."""
    environ = upgrade_environ(SCOPE)
    assert environ["PATH_INFO"].encode("latin-1") == b"/caf\xc3\xa9"
    assert environ["QUERY_STRING"] == "room=1"
    assert environ["HTTP_HOST"] == "example.com"
    assert environ["HTTP_ORIGIN"] == "https://example.com"
    assert environ["HTTP_SEC_WEBSOCKET_PROTOCOL"] == "wamp.2.json, wamp.2.cbor"
    assert (environ["SERVER_NAME"], environ["SERVER_PORT"]) == ("192.0.2.1", "443")
    assert (environ["REMOTE_ADDR"], environ["REMOTE_PORT"]) == ("192.0.2.7", "50000")
    assert environ["wsgi.url_scheme"] == "https"


def test_below_a_mount_the_path_is_the_rest_of_it():
    """As WSGI has it: SCRIPT_NAME, then PATH_INFO."""
    environ = upgrade_environ({**SCOPE, "root_path": "/live", "path": "/live/chat"})
    assert (environ["SCRIPT_NAME"], environ["PATH_INFO"]) == ("/live", "/chat")


@pytest.mark.parametrize(
    ("name", "values", "joined"),
    [(b"cookie", (b"a=1", b"b=2"), "a=1; b=2"), (b"x-list", (b"a", b"b"), "a,b")],
)
def test_headers_of_the_same_name_are_joined(name, values, joined):
    """HTTP/2 splits cookies (RFC 9113 section 8.2.3)."""
    headers = [(name, value) for value in values]
    environ = upgrade_environ({**SCOPE, "headers": headers})
    key = "HTTP_" + name.decode().upper().replace("-", "_")
    assert environ[key] == joined


def test_what_only_the_server_and_its_client_agree_on_is_left_out():
    """Compression is the server's. The handshake is our own, as HTTP/2 has none."""
    headers = [(b"sec-websocket-extensions", b"permessage-deflate")]
    environ = upgrade_environ({**SCOPE, "headers": headers})
    assert "HTTP_SEC_WEBSOCKET_EXTENSIONS" not in environ
    assert environ["HTTP_UPGRADE"] == "websocket"


def test_a_server_on_a_unix_socket_has_no_port_and_no_client():
    """ASGI says None for what there is not."""
    environ = upgrade_environ({**SCOPE, "server": ("/run/x", None), "client": None})
    assert (environ["SERVER_NAME"], environ["SERVER_PORT"]) == ("/run/x", "")
    assert environ["REMOTE_ADDR"] == ""
