"""The upgrade request, one header at a time, and a client library as witness."""

from __future__ import annotations

import pytest
from websockets.client import ClientProtocol
from websockets.extensions.permessage_deflate import ClientPerMessageDeflateFactory
from websockets.protocol import State
from websockets.uri import parse_uri

from wsocket.core.websocket import handshake
from wsocket.core.websocket.accept_key import GUID
from wsocket.core.websocket.deflate import DeflateParameters
from wsocket.core.websocket.handshake import (
    SUPPORTED_VERSIONS,
    Handshake,
    is_upgrade,
    offered_subprotocols,
)
from wsocket.core.websocket.origins import check_allowed_origins
from wsocket.errors import HandshakeError

# The request in RFC 6455 section 1.3, as WSGI hands it on.
REQUEST = {
    "REQUEST_METHOD": "GET",
    "SERVER_PROTOCOL": "HTTP/1.1",
    "HTTP_HOST": "server.example.com",
    "HTTP_UPGRADE": "websocket",
    "HTTP_CONNECTION": "Upgrade",
    "HTTP_SEC_WEBSOCKET_KEY": "dGhlIHNhbXBsZSBub25jZQ==",
    "HTTP_SEC_WEBSOCKET_VERSION": "13",
}


def request(**changes):
    """The request with some keys changed; None removes one."""
    environ = {**REQUEST, **changes}
    return {key: value for key, value in environ.items() if value is not None}


def negotiate(environ, **settings):
    """As the framework does it."""
    offered = offered_subprotocols(environ)
    return handshake.negotiate(environ, offered=offered, **settings)


def refused(environ, **settings):
    with pytest.raises(HandshakeError) as refusal:
        negotiate(environ, **settings)
    return refusal.value


def test_the_constants_are_the_standards():
    """GUID from RFC 6455 section 1.3; its version, and two drafts'."""
    assert GUID == "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
    assert SUPPORTED_VERSIONS == ("13", "8", "7")


# --- Accepted -------------------------------------------------------------------------


def test_the_example_of_the_rfc_is_accepted():
    """With the accept key that section 1.3 works out."""
    accepted = negotiate(REQUEST)
    assert accepted == Handshake(version=13, accept="s3pPLMBiTxaQ9kYGzzhZRbK+xOo=")
    assert accepted.response_bytes() == (
        b"HTTP/1.1 101 Switching Protocols\r\n"
        b"Upgrade: websocket\r\n"
        b"Connection: Upgrade\r\n"
        b"Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n"
        b"\r\n"
    )


def test_subprotocol_and_extension_are_in_the_response():
    """The chosen ones, each in its header."""
    environ = request(
        HTTP_SEC_WEBSOCKET_PROTOCOL="chat",
        HTTP_SEC_WEBSOCKET_EXTENSIONS="permessage-deflate; client_max_window_bits",
    )
    accepted = negotiate(environ, subprotocols=["chat"], deflate=True)
    assert accepted.response_bytes().endswith(
        b"Sec-WebSocket-Protocol: chat\r\n"
        b"Sec-WebSocket-Extensions: permessage-deflate\r\n"
        b"\r\n"
    )


@pytest.mark.parametrize(
    "changes",
    [
        {"HTTP_UPGRADE": "WebSocket"},
        {"HTTP_UPGRADE": "h2c, websocket"},
        {"HTTP_UPGRADE": "h2c,websocket"},
        {"HTTP_CONNECTION": "keep-alive, Upgrade"},
        {"HTTP_CONNECTION": "upgrade"},
        {"HTTP_CONNECTION": "keep-alive,UPGRADE"},
        {"HTTP_SEC_WEBSOCKET_VERSION": " 13 "},
        {"HTTP_SEC_WEBSOCKET_KEY": " dGhlIHNhbXBsZSBub25jZQ== "},
        {"HTTP_HOST": "127.0.0.1:8080"},
        {"SERVER_PROTOCOL": "HTTP/1.2"},
    ],
)
def test_what_means_the_same_is_accepted(changes):
    """Case, lists, repeated headers (joined by a comma) and whitespace."""
    assert negotiate(request(**changes)).accept == "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="


@pytest.mark.parametrize("version", SUPPORTED_VERSIONS)
def test_each_version_is_accepted(version):
    """The drafts 7 and 8 shake hands like the standard."""
    accepted = negotiate(request(HTTP_SEC_WEBSOCKET_VERSION=version))
    assert accepted.version == int(version)


@pytest.mark.parametrize(
    ("upgrade", "expected"),
    [
        ("websocket", True),
        ("WebSocket", True),
        ("h2c, websocket", True),
        (" websocket ", True),
        ("websockets", False),
        ("websocket/13", False),
        ("h2c", False),
        ("", False),
        (None, False),
    ],
)
def test_a_request_for_a_websocket_is_recognised(upgrade, expected):
    """By a token of its Upgrade header, whether or not the rest is right."""
    assert is_upgrade(request(HTTP_UPGRADE=upgrade)) is expected


# --- Refused --------------------------------------------------------------------------

BAD_REQUESTS = [
    ("HTTP/1.1", {"SERVER_PROTOCOL": "HTTP/1.0"}),
    ("HTTP/1.1", {"SERVER_PROTOCOL": "HTTP/0.9"}),
    ("HTTP/1.1", {"SERVER_PROTOCOL": "HTTP"}),
    ("HTTP/1.1", {"SERVER_PROTOCOL": None}),
    ("Host", {"HTTP_HOST": None}),
    ("Host", {"HTTP_HOST": ""}),
    ("Upgrade", {"HTTP_UPGRADE": None}),
    ("Upgrade", {"HTTP_UPGRADE": "h2c"}),
    ("Connection", {"HTTP_CONNECTION": None}),
    ("Connection", {"HTTP_CONNECTION": "keep-alive"}),
    ("Connection", {"HTTP_CONNECTION": "Upgraded"}),
    *(
        ("Sec-WebSocket-Key", {"HTTP_SEC_WEBSOCKET_KEY": key})
        for key in (
            None,
            "",
            "dGhlIHNhbXBsZSBub25jZQ",  # no padding
            "dGhlIHNhbXBsZSBub25jZQ=",
            "dGhlIHNhbXBsZSBub25jZR==",  # bits after the 16th byte
            "dGhlIHNhbXBsZSBub25j",  # 15 bytes
            "dGhlIHNhbXBsZSBub25jZTA=",  # 17 bytes
            "dGhlIHNhbXBsZSBub25jZ_==",  # the URL-safe alphabet
            "dGhlIHNhbXBs ZSBub25jZQ==",
            "dGhlIHNhbXBsZSBub25jZQ==,dGhlIHNhbXBsZSBub25jZQ==",  # sent twice
            "\u00e9GhlIHNhbXBsZSBub25jZQ==",
        )
    ),
    *(
        ("Sec-WebSocket-Protocol", {"HTTP_SEC_WEBSOCKET_PROTOCOL": offer})
        for offer in (
            "",
            " ",
            ",",
            "chat,",
            ",chat",
            "chat,,superchat",
            "chat, chat",
            "two words",
            "chat;q=1",
            "a/b",
            '"chat"',
            "caf\u00e9",
        )
    ),
    *(
        ("Sec-WebSocket-Extensions", {"HTTP_SEC_WEBSOCKET_EXTENSIONS": offer})
        for offer in (
            "permessage-deflate;",
            "permessage-deflate; server_max_window_bits=",
            "permessage-deflate; =10",
            'permessage-deflate; server_max_window_bits="1 0"',
            'permessage-deflate; server_max_window_bits="10',
            "permessage-deflate x",
            "a/b",
            "x" + ";a" * 32_000,  # to read it would take 0.2 s
            'x; a="' + "\\\\" * 16_000 + '"',
        )
    ),
]


@pytest.mark.parametrize(("name", "changes"), BAD_REQUESTS)
def test_a_bad_request_is_refused(name, changes):
    """With 400, and a body that names what is wrong."""
    refusal = refused(request(**changes))
    assert refusal.status == "400 Bad Request"
    assert name in refusal.problem
    assert refusal.headers == []


@pytest.mark.parametrize("method", ["POST", "HEAD", "CONNECT", "get", ""])
def test_only_get_opens_a_websocket(method):
    """405 says which method would do."""
    refusal = refused(request(REQUEST_METHOD=method))
    assert refusal.status == "405 Method Not Allowed"
    assert refusal.headers == [("Allow", "GET")]
    assert "GET" in refusal.problem


@pytest.mark.parametrize(
    "version", [None, "", "0", "6", "9", "12", "14", "013", "13, 8", "x"]
)
def test_an_unknown_version_is_refused(version):
    """426 says which versions would do (section 4.4)."""
    refusal = refused(request(HTTP_SEC_WEBSOCKET_VERSION=version))
    assert refusal.status == "426 Upgrade Required"
    assert ("Sec-WebSocket-Version", "13, 8, 7") in refusal.headers
    assert ("Upgrade", "websocket") in refusal.headers
    assert "13, 8, 7" in refusal.problem


def test_a_refusal_quotes_what_came():
    """Shortened, and without control characters or anything beyond ASCII."""
    refusal = refused(request(HTTP_SEC_WEBSOCKET_KEY="\x1b\xe9" + "x" * 10_000))
    assert r"'\x1b\xe9xxx" in refusal.problem
    assert refusal.problem.isascii()
    assert len(refusal.problem) < 200


# --- Subprotocols ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("offer", "supported", "chosen"),
    [
        ("a, b", ["b", "a"], "a"),
        ("a, b", ["b"], "b"),
        ("b,a", ["a", "b"], "b"),
        ("a, b", ["c"], None),
        ("a, b", [], None),
        ("a, b", None, None),
        (None, ["a"], None),
        ("wamp.2.json", ["wamp.2.json"], "wamp.2.json"),
        ("WAMP.2.json", ["wamp.2.json"], None),
        ("wamp.2", ["wamp.2.json"], None),
    ],
)
def test_the_client_order_decides_on_the_subprotocol(offer, supported, chosen):
    """Without a common one the connection has none."""
    environ = request(HTTP_SEC_WEBSOCKET_PROTOCOL=offer)
    accepted = negotiate(environ, subprotocols=supported)
    assert accepted.subprotocol == chosen
    header = b"Sec-WebSocket-Protocol: %s\r\n" % (chosen or "").encode()
    assert (header in accepted.response_bytes()) == (chosen is not None)


def test_what_was_offered_is_known():
    """In the client's order, also to whoever only wants to look."""
    environ = request(HTTP_SEC_WEBSOCKET_PROTOCOL="wamp.2.json,  wamp.2.cbor ,x")
    assert offered_subprotocols(environ) == ("wamp.2.json", "wamp.2.cbor", "x")
    assert offered_subprotocols(REQUEST) == ()


# --- Compression ----------------------------------------------------------------------


def test_compression_is_agreed_on():
    """With the parameters of the accepted offer."""
    offer = "permessage-deflate; server_max_window_bits=10, permessage-deflate"
    environ = request(HTTP_SEC_WEBSOCKET_EXTENSIONS=offer)
    accepted = negotiate(environ, deflate=True)
    assert accepted.deflate == DeflateParameters(server_max_window_bits=10)
    assert accepted.extensions == "permessage-deflate; server_max_window_bits=10"


@pytest.mark.parametrize(
    ("offer", "deflate"),
    [
        ("permessage-deflate", False),
        ("permessage-deflate; unknown", True),
        ("x-other", True),
        ("", True),
        (None, True),
    ],
)
def test_without_agreement_nothing_is_compressed(offer, deflate):
    """Switched off, or no offer that can be accepted: no header in the response."""
    environ = request(HTTP_SEC_WEBSOCKET_EXTENSIONS=offer)
    accepted = negotiate(environ, deflate=deflate)
    assert accepted.deflate is None
    assert b"Extensions" not in accepted.response_bytes()


# --- Origin ---------------------------------------------------------------------------

ALLOWED = [
    # origin, host, allowed_origins
    (None, "example.com", None),
    (None, "example.com", []),
    ("http://example.com", "example.com", None),
    ("http://example.com", "example.com", []),
    ("http://example.com", "example.com:80", None),
    ("http://example.com:80", "example.com", None),
    ("http://EXAMPLE.com", "Example.COM", None),
    ("https://example.com", "example.com", None),
    ("https://example.com", "example.com:443", None),
    ("https://example.com:443", "example.com", None),
    ("http://127.0.0.1:8080", "127.0.0.1:8080", None),
    ("http://[::1]:8080", "[::1]:8080", None),
    ("http://[::1]", "[::1]", None),
    ("https://a.com", "example.com", ["https://a.com"]),
    ("https://a.com", "example.com", {"https://b.com", "https://a.com"}),
    ("https://a.com", "example.com", ["https://A.com:443"]),
    ("https://a.com:8443", "example.com", ["https://a.com:8443"]),
    ("https://a.com", "example.com", ["*"]),
    ("null", "example.com", ["*"]),
    ("null", "example.com", ["null"]),
    ("https://x.a.com", "example.com", ["https://*.a.com"]),
    ("https://x.y.a.com", "example.com", ["https://*.a.com"]),
    ("http://x.a.com:81", "example.com", ["http://*.a.com:81"]),
    ("chrome-extension://abc", "example.com", ["chrome-extension://abc"]),
]

FORBIDDEN = [
    ("https://a.com", "example.com", None),
    ("https://a.com", "example.com", []),
    ("null", "example.com", None),
    ("null", "example.com", ["https://a.com"]),
    ("", "example.com", None),
    ("example.com", "example.com", None),
    ("http://example.com/", "example.com", None),
    ("http://example.com/path", "example.com", None),
    ("http://example.com@evil.com", "example.com", None),
    ("http://evil.com#example.com", "example.com", None),
    ("http://example.com, http://example.com", "example.com", None),
    ("http://example.com.evil.com", "example.com", None),
    ("http://evilexample.com", "example.com", None),
    ("http://sub.example.com", "example.com", None),
    ("http://example.com", "sub.example.com", None),
    ("http://example.com:8080", "example.com", None),
    ("http://example.com", "example.com:8080", None),
    ("http://example.com", "example.com:443", None),
    ("https://example.com", "example.com:80", None),
    ("http://localhost:8080", "127.0.0.1:8080", None),
    ("ftp://example.com", "example.com", None),
    ("http://example.com", "example.com/x", None),
    ("http://a.com", "example.com", ["https://a.com"]),
    ("https://a.com:8443", "example.com", ["https://a.com"]),
    ("https://a.com", "example.com", ["https://a.com:8443"]),
    ("https://x.a.com", "example.com", ["https://a.com"]),
    ("https://a.com", "example.com", ["https://*.a.com"]),
    ("https://.a.com", "example.com", ["https://*.a.com"]),
    ("https://xa.com", "example.com", ["https://*.a.com"]),
    ("http://x.a.com", "example.com", ["https://*.a.com"]),
    ("https://x.a.com:81", "example.com", ["https://*.a.com"]),
    ("https://x.a.com.evil.com", "example.com", ["https://*.a.com"]),
]


@pytest.mark.parametrize(("origin", "host", "allowed_origins"), ALLOWED)
def test_an_origin_that_may_connect(origin, host, allowed_origins):
    """No browser, the same host and port, or what the setting lists."""
    environ = request(HTTP_ORIGIN=origin, HTTP_HOST=host)
    assert negotiate(environ, allowed_origins=allowed_origins).version == 13


@pytest.mark.parametrize(("origin", "host", "allowed_origins"), FORBIDDEN)
def test_an_origin_that_may_not_connect(origin, host, allowed_origins):
    """403, with a body that names the origin and the setting that would let it in."""
    environ = request(HTTP_ORIGIN=origin, HTTP_HOST=host)
    refusal = refused(environ, allowed_origins=allowed_origins)
    assert refusal.status == "403 Forbidden"
    assert "allowed_origins=" in refusal.problem
    assert (repr(origin) if origin else "none") in refusal.problem


@pytest.mark.parametrize("version", ["8", "7"])
def test_the_drafts_name_the_origin_differently(version):
    """Sec-WebSocket-Origin is checked as well."""
    environ = request(
        HTTP_SEC_WEBSOCKET_VERSION=version,
        HTTP_SEC_WEBSOCKET_ORIGIN="https://evil.com",
    )
    assert refused(environ).status == "403 Forbidden"
    assert negotiate(environ, allowed_origins=["https://evil.com"])


@pytest.mark.parametrize(
    "scheme", ["http", "https"], ids=["TLS in a proxy", "TLS in the server itself"]
)
def test_a_page_of_the_same_host_that_came_over_tls_may_connect(scheme):
    """Behind a proxy that ends TLS the server does not see that it was used."""
    environ = request(HTTP_ORIGIN="https://server.example.com")
    assert negotiate({**environ, "wsgi.url_scheme": scheme})


@pytest.mark.parametrize("port", ["", ":80", ":443", ":8443"])
def test_a_page_that_came_without_tls_is_another_origin_for_a_server_with_tls(port):
    """Anybody on its way could have written it."""
    host = f"server.example.com{port}"
    environ = request(HTTP_ORIGIN=f"http://{host}", HTTP_HOST=host)
    assert negotiate({**environ, "wsgi.url_scheme": "http"})
    secure = {**environ, "wsgi.url_scheme": "https"}
    assert refused(secure).status == "403 Forbidden"
    assert negotiate(secure, allowed_origins=[f"http://{host}"])


@pytest.mark.parametrize(
    "allowed_origins",
    [
        ["example.com"],
        ["https://"],
        ["https://example.com/"],
        ["https://example.com/path"],
        ["https://*"],
        ["https://*.*.com"],
        ["https://ex*mple.com"],
        ["*.example.com"],
        [""],
        "https://*.example.com",
        "*",
    ],
)
def test_a_setting_that_could_never_match_is_an_error(allowed_origins):
    """It is the application's mistake, and must not let anybody in by accident."""
    with pytest.raises(ValueError, match="allowed_origins"):
        check_allowed_origins(allowed_origins)
    with pytest.raises(ValueError, match="allowed_origins"):
        negotiate(
            request(HTTP_ORIGIN="https://evil.com"), allowed_origins=allowed_origins
        )


def test_a_setting_that_makes_sense_is_no_error():
    """All forms that the documentation names."""
    assert (
        check_allowed_origins(
            ["*", "null", "https://a.com", "http://a.com:81", "https://*.a.com"]
        )
        is None
    )


# --- A client library -----------------------------------------------------------------


@pytest.mark.parametrize("compressed", [True, False])
def test_a_client_library_shakes_hands(compressed):
    """Its request is accepted, and it accepts the response."""
    client = ClientProtocol(
        parse_uri("ws://localhost:8080/path?x=1"),
        origin="http://localhost:8080",
        extensions=[ClientPerMessageDeflateFactory(client_max_window_bits=True)],
        subprotocols=["other", "chat"],
    )
    sent = client.connect()
    environ = {"REQUEST_METHOD": "GET", "SERVER_PROTOCOL": "HTTP/1.1"}
    for name, value in sent.headers.raw_items():
        environ["HTTP_" + name.upper().replace("-", "_")] = value
    accepted = negotiate(environ, subprotocols=["chat"], deflate=compressed)
    client.send_request(sent)
    client.receive_data(accepted.response_bytes())
    assert client.handshake_exc is None
    assert client.state is State.OPEN
    assert client.subprotocol == "chat"
    assert bool(client.extensions) is compressed
