"""What is said when the URL does not fit what listens there: expected, got, to do."""

from __future__ import annotations

import contextlib
import errno
import os
import ssl
from collections.abc import Iterator

import pytest

from tests.client.false_router import Peer, false_router
from tests.serving import in_thread, serving
from wsocket import WSocketApp, make_server
from wsocket.client import ConnectFailed, connect
from wsocket.client.dialing import explained
from wsocket.client.settings import ClientSettings


@pytest.fixture(scope="module")
def places(certificates, place) -> Iterator[dict[str, str]]:
    """HOST:PORT of a router, by what it speaks there."""
    app = WSocketApp(protocol="WAMP")
    context = certificates.server_context()
    server = make_server("127.0.0.2", 0, app, ssl_context=context)
    with server, in_thread(server), contextlib.closing(app):
        listener = app.listen_rawsocket("tcp://127.0.0.1:0", ssl_context=context)
        yield {
            "websocket": place.ws.removeprefix("ws://").rstrip("/"),
            "websocket with TLS": f"127.0.0.2:{server.server_port}",
            "RawSocket": place.tcp.removeprefix("tcp://"),
            "RawSocket with TLS": listener.address.removeprefix("tcp://"),
        }


def problem(connecting, url: str, **options) -> str:
    """Why there is no session."""
    with pytest.raises(ConnectFailed) as caught:
        connecting(url, **options).__enter__()
    said = str(caught.value)
    assert said.startswith(url)
    assert "_ssl.c" not in said
    return said


@pytest.mark.parametrize(
    ("scheme", "speaks", "expected"),
    [
        ("ws", "RawSocket", "a websocket (HTTP), got the end of the connection"),
        ("ws", "RawSocket with TLS", ""),
        ("wss", "websocket", "TLS, got something else"),
        ("wss", "RawSocket", "a websocket (HTTP) with TLS, got the end of"),
        ("tcps", "websocket", "TLS, got something else"),
        ("tcps", "RawSocket", "RawSocket with TLS, got the end of the connection"),
    ],
)
def test_url_that_does_not_fit_the_port(connecting, places, scheme, speaks, expected):
    """The way in which another one is written is said."""
    said = problem(connecting, f"{scheme}://{places[speaks]}")
    assert f"expected {expected}" in said
    if expected:
        assert "does the URL fit the port (" in said
        assert f"{scheme}://" not in said.partition("does the URL")[2]


@pytest.mark.parametrize("speaks", ["websocket", "websocket with TLS"])
def test_silent_port_may_have_another_protocol(connecting, places, speaks):
    """A web server waits for the rest of a request, and RawSocket for an answer."""
    said = problem(connecting, f"tcp://{places[speaks]}", timeout=0.1)
    assert "did not answer within 0.1 seconds; is the router reachable, and" in said
    assert "a websocket is ws://HOST:PORT/PATH" in said


@pytest.mark.parametrize(
    ("first", "who"),
    [
        (b"SSH-2.0-x\r\n", "from an SSH server"),
        (b"\x15\x03\x01\0\2\2\x32", "from a server with TLS"),
        (b"220 mail ready\r\n", "from something else"),
    ],
)
def test_other_protocol_is_named_at_once(connecting, first, who):
    """A server that says more only after an answer is not waited for."""

    def script(peer: Peer) -> None:
        peer.send_raw(first)
        with contextlib.suppress(ConnectionResetError):
            peer.exactly(2**16)  # until the client closes

    with false_router(script) as (url, _):
        assert f"{who}; does the URL fit the port" in problem(connecting, url)
    with false_router(script) as (url, _):  # websockets wait for the end of a line
        said = problem(connect, url.replace("tcp", "ws"))
    assert f"{who}; does the URL fit the port" in said


@pytest.mark.parametrize("first", [b"SSH-2.0-x\r\n\r\n", b"", b"HTTP/1.1 200 O"])
def test_end_of_the_connection_is_said(connecting, first):
    """After an answer that is none."""

    def script(peer: Peer) -> None:
        peer.send_raw(first)

    with false_router(script) as (url, _):
        said = problem(connecting, url.replace("tcp", "ws"))
    assert "expected a websocket (HTTP), got " in said


def test_missing_socket_file_is_named(connecting, tmp_path):
    """The router may have another one, or none."""
    said = problem(connecting, f"unix://{tmp_path}/none")
    assert "there is no such file; is the router running, and is this the path" in said
    (tmp_path / "file").write_text("")
    assert "nobody listens there" in problem(connecting, f"unix://{tmp_path}/file")


@pytest.mark.parametrize(
    ("url", "number", "advice"),
    [
        ("unix:///a", errno.EACCES, "this user may not use that file: look"),
        ("tcp://a:1", errno.EHOSTUNREACH, "No route to host; is the host right"),
        ("tcp://a:1", errno.ENETUNREACH, "Network is unreachable; is the host right"),
        ("tcp://a:1", errno.EMFILE, "Too many open files"),
    ],
)
def test_error_of_the_kernel_is_explained(url, number, advice):
    """If there is something to do about it."""
    settings = ClientSettings(url, "realm1")
    with pytest.raises(ConnectFailed, match=f"{url}: {advice}"), explained(settings):
        raise OSError(number, os.strerror(number))


def test_certificate_for_another_name(connecting, places, certificates):
    """Another authority would not help."""
    context = certificates.client_context()
    said = problem(connecting, f"wss://{places['websocket with TLS']}/", tls=context)
    assert "certificate is not accepted: " in said
    assert said.endswith("; put a name into the URL that the certificate has")


def test_router_without_a_version_of_tls(connecting, places, certificates):
    """What OpenSSL says, in words."""
    context = certificates.client_context()
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    context.set_ciphers("ECDHE-RSA-AES128-GCM-SHA256")  # the certificate is no RSA one
    said = problem(connecting, f"wss://{places['websocket with TLS']}/", tls=context)
    assert "there is no TLS with this router (" in said


def test_page_in_place_of_a_router(connecting):
    """The path may be wrong."""

    def app(environ, start_response):
        start_response("200 OK", [("Content-Type", "text/html")])
        return [b"<h1>Welcome</h1>"]

    with serving(app) as url:
        said = problem(connecting, url)
    assert said.endswith(
        "answered 200, expected 101; is the path in the URL that of a WAMP router?"
    )
