"""Logins that are bound to their TLS channel, and somebody who sits in between."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import ssl
import sys
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest
import txaio
import websocket
from autobahn.asyncio.websocket import WampWebSocketClientFactory
from autobahn.wamp.auth import create_authenticator
from autobahn.wamp.exception import ApplicationError
from autobahn.wamp.serializer import JsonSerializer

from tests.certificates import Certificates
from tests.core.http_client import KINDS, PATCHED
from tests.interop.apps.bound import ITERATIONS, PASSWORD, PRIVATE_KEY, SALT
from tests.interop.relay import relaying
from tests.interop.sessions import Session, joined, within
from tests.patience import SECONDS
from tests.programs import Server, running
from tests.wamp.auth.clients import ScramClient
from tests.wamp.raw_client import FORMATS, HELLO, ROLES, WELCOME, RawClient

SERVE = "from tests.interop.apps.bound import serve; "
TLS_1_2, TLS_1_3 = ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3
DENIED = "wamp.error.authentication_denied"
CHALLENGE, AUTHENTICATE = 4, 5
BOUND = {"channel_binding": "tls-unique"}


@pytest.fixture(scope="module", params=KINDS)
def server(processes, request, certificates, tmp_path_factory) -> Iterator[Server]:
    """The router on either server."""
    patch = PATCHED if request.param == "gevent" else ""
    source = f"{patch}{SERVE}serve({certificates.server!r})"
    log = tmp_path_factory.mktemp(request.param) / "log"
    with running([sys.executable, "-c", source], log) as started:
        yield started
    assert "Traceback" not in log.read_text(), log.read_text()


class KeyOwner(Session):
    """autobahn's own client of WAMP-Cryptosign."""

    def __init__(self, extra: dict[str, Any]) -> None:
        super().__init__("realm1")
        self.authenticator = create_authenticator(
            "cryptosign", privkey=PRIVATE_KEY.hex(), authextra=dict(extra)
        )

    def onConnect(self) -> None:
        authextra = self.authenticator.authextra
        self.join("realm1", ["cryptosign"], authextra=authextra)

    def onChallenge(self, challenge: Any) -> Any:
        return self.authenticator.on_challenge(self, challenge)


async def log_in(port: int, context: ssl.SSLContext, extra: dict[str, Any]) -> str:
    """The authid that the router gives."""
    session = KeyOwner(extra)
    url = f"wss://127.0.0.1:{port}/"
    factory = WampWebSocketClientFactory(
        lambda: session, url=url, serializers=[JsonSerializer()]
    )
    loop = asyncio.get_running_loop()
    factory.loop = txaio.config.loop = loop
    connecting = loop.create_connection(factory, "127.0.0.1", port, ssl=context)
    await within(connecting)
    async with joined(session):
        return (await session.joined).authid


def port_of(server: Server) -> int:
    return urlsplit(server.url).port


@pytest.mark.parametrize("version", [TLS_1_2, TLS_1_3])
def test_autobahn_joins_over_tls(server, certificates, version):
    """Not bound to anything, with either version."""
    context = certificates.client_context(version)
    assert asyncio.run(log_in(port_of(server), context, {})) == "joe"


def test_autobahn_binds_its_login_to_tls_1_2(server, certificates):
    """Both ends see the same tls-unique, and sign with it."""
    context = certificates.client_context(TLS_1_2)
    assert asyncio.run(log_in(port_of(server), context, BOUND)) == "joe"


@pytest.mark.parametrize("kind", ["tls-unique", "tls-exporter"])
def test_a_binding_to_tls_1_3_is_refused(server, certificates, kind):
    """The client reads what is possible."""
    context = certificates.client_context(TLS_1_3)
    with pytest.raises(ApplicationError) as refused:
        asyncio.run(log_in(port_of(server), context, {"channel_binding": kind}))
    assert refused.value.error == DENIED
    assert f"{kind} is not possible on this connection" in refused.value.args[0]
    assert "TLS 1.2" in refused.value.args[0]


@pytest.mark.parametrize("extra", [{}, BOUND], ids=["not bound", "bound"])
def test_somebody_in_between_does_not_get_a_bound_login(
    server, certificates: Certificates, extra
):
    """They hold a certificate that the client trusts, and forward all they read."""

    async def scenario() -> str:
        contexts = {
            "as_server": certificates.server_context(),
            "as_client": certificates.client_context(TLS_1_2),
        }
        async with relaying(port_of(server), **contexts) as port:
            return await log_in(port, certificates.client_context(TLS_1_2), extra)

    if not extra:
        assert asyncio.run(scenario()) == "joe"
        return
    with pytest.raises(ApplicationError) as refused:
        asyncio.run(scenario())
    assert refused.value.error == DENIED


# WAMP-SCRAM, for which autobahn speaks a draft: a client of the tests' own


class BoundClient(RawClient):
    """A raw client over TLS."""

    def __init__(self, server: Server, context: ssl.SSLContext) -> None:
        self.format = FORMATS["json"]
        self.ws = websocket.create_connection(
            server.ws(),
            subprotocols=["wamp.2.json"],
            timeout=SECONDS,
            sslopt={"context": context},
        )

    def receive(self) -> list[Any]:
        return self.format.loads(self.receive_data())


def scram_answer(server: Server, context: ssl.SSLContext, *, twisted: bool) -> Any:
    """The router's last word on a login; *twisted*: bound to another channel."""
    client = BoundClient(server, context)
    try:
        data = client.ws.sock.get_channel_binding("tls-unique")
        data = data[::-1] if twisted else data
        salted = hashlib.pbkdf2_hmac("sha256", PASSWORD.encode(), SALT, ITERATIONS)
        nonce = base64.b64encode(b"nonce" * 4).decode()
        scram = ScramClient("joe", salted, nonce=nonce, binding=("tls-unique", data))
        details = {
            "roles": ROLES,
            "authmethods": ["wamp-scram"],
            "authid": "joe",
            "authextra": scram.authextra,
        }
        client.send(HELLO, "realm1", details)
        answer = client.receive()
        if answer[0] == CHALLENGE:
            client.send(AUTHENTICATE, *scram.answer(answer[2]))
            answer = client.receive()
        return answer
    finally:
        client.close()


def test_a_password_is_bound_to_tls_1_2(server, certificates):
    """To its channel and to no other."""
    context = certificates.client_context(TLS_1_2)
    answer = scram_answer(server, context, twisted=False)
    assert answer[0] == WELCOME
    assert answer[2]["authid"] == "joe"
    assert scram_answer(server, context, twisted=True)[2] == DENIED


def test_a_password_cannot_be_bound_to_tls_1_3(server, certificates):
    """The client reads why."""
    context = certificates.client_context(TLS_1_3)
    _, details, reason = scram_answer(server, context, twisted=False)
    assert reason == DENIED
    assert "tls-unique is not possible on this connection" in details["message"]
