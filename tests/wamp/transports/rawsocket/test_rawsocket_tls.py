"""RawSocket inside of TLS that ends in the router."""

from __future__ import annotations

import asyncio
import ssl

import pytest
import txaio
from autobahn.asyncio.rawsocket import WampRawSocketClientFactory
from autobahn.wamp.serializer import JsonSerializer

from tests.interop.sessions import Session, within
from tests.wamp.transports.rawsocket.client import (
    RawSocketClient,
    dial,
    frame,
    handshake,
)
from wsocket import Realm, WSocketApp
from wsocket.wamp.auth import WebLogin
from wsocket.wamp.auth.anonymous import Anonymous


@pytest.fixture
def secure(certificates):
    """A router that listens with TLS, and its address."""
    app = WSocketApp(protocol="WAMP")
    yield app.listen_rawsocket(
        "tcp://127.0.0.1:0", ssl_context=certificates.server_context()
    ).address
    app.close()


class SecureClient(RawSocketClient):
    """The raw client inside of TLS."""

    def __init__(self, address: str, context: ssl.SSLContext, serializer: str) -> None:
        self._context = context
        super().__init__(address, serializer)

    def dial(self, address: str) -> ssl.SSLSocket:
        return self._context.wrap_socket(dial(address), server_hostname="127.0.0.1")


def test_sessions_talk_through_tls(secure, certificates, serializer, uri):
    """Calls, with messages of a mebibyte in both directions."""
    context = certificates.client_context()
    callee = SecureClient(secure, context, serializer).join()
    caller = SecureClient(secure, context, serializer).join()
    callee.register(uri)
    large = "x" * 900_000
    request = caller.call(uri, [large])
    assert callee.invoked()[-1] == [large]
    callee.send(70, 1, {}, [large])
    assert caller.answer(request)[-1] == [large]
    callee.close()
    caller.close()


def test_plain_client_is_dropped(secure):
    """It gets no answer that could be taken for RawSocket's: at most TLS's alert."""
    with dial(secure) as sock:
        sock.sendall(handshake(1, 15) + frame(b'[1,"realm1",{}]'))
        with sock.makefile("rb") as reader:
            answer = reader.read()
    assert answer[:1] in (b"", b"\x15")


def test_autobahn_joins_over_tls(secure, certificates):
    """Its own RawSocket client, in its own TLS."""

    async def scenario() -> str:
        loop = txaio.config.loop = asyncio.get_running_loop()
        session = Session("realm1")
        factory = WampRawSocketClientFactory(
            lambda: session, serializer=JsonSerializer()
        )
        host, _, port = secure.removeprefix("tcp://").rpartition(":")
        context = certificates.client_context()
        await loop.create_connection(factory, host, int(port), ssl=context)
        details = await within(session.joined)
        session.leave()
        await within(session.disconnected)
        return details.realm

    assert asyncio.run(scenario()) == "realm1"


def test_login_by_the_web_is_not_asked(certificates):
    """TLS adds to what is known of the client, but there was no HTTP request."""
    realm = Realm("realm1", auth=[WebLogin(lambda environ: 1 / 0), Anonymous("guest")])
    app = WSocketApp(protocol="WAMP", realm=realm)
    try:
        listener = app.listen_rawsocket(
            "tcp://127.0.0.1:0", ssl_context=certificates.server_context()
        )
        context = certificates.client_context()
        client = SecureClient(listener.address, context, "json").join()
        assert client.welcome["authrole"] == "guest"
        client.close()
    finally:
        app.close()
