"""What is known of a connection's TLS."""

from __future__ import annotations

import contextlib

import pytest

from tests.core.tls.conftest import (
    TLS_1_2,
    TLS_1_3,
    Line,
    every_version,
)
from tests.core.worlds import SECONDS
from wsocket.core.http.refusal import TLS_EXPECTED
from wsocket.core.net.tls.terminator import Terminator


def test_a_login_can_be_bound_to_tls_1_2(connect, trusting):
    """Both ends have the same tls-unique, and no other connection has it."""
    ids = set()
    for _ in range(2):
        line = connect()
        client = line.secured(trusting(TLS_1_2))
        client.send(b"x")
        line.app_receives(1)
        channel_id = line.tls.info.channel_id("tls-unique")
        assert channel_id == client.tls.get_channel_binding("tls-unique")
        assert line.tls.info.channel_id("tls-exporter") is None
        ids.add(channel_id)
    assert len(ids) == 2


def test_tls_1_3_has_no_channel_binding(connect, trusting):
    """RFC 8446 appendix C.5, although Python returns bytes for it."""
    line = connect()
    client = line.secured(trusting(TLS_1_3))
    client.send(b"x")
    line.app_receives(1)
    assert client.tls.get_channel_binding("tls-unique")
    assert line.tls.info.channel_id("tls-unique") is None


def test_a_resumed_session_has_no_channel_binding(world, certificates, trusting):
    """RFC 7627 section 4: somebody in between could have the same."""
    terminator = Terminator(
        certificates.server_context(), timeout=SECONDS, plain_answer=TLS_EXPECTED
    )
    context = trusting(TLS_1_2)
    session = None
    for resumed in (False, True):
        line = Line(world, terminator)
        with contextlib.closing(line):
            client = line.secured(context, session=session)
            client.send(b"x")
            line.app_receives(1)
            session = client.tls.session
            assert client.tls.session_reused is resumed
            assert (line.tls.info.channel_id("tls-unique") is None) is resumed


@every_version
@pytest.mark.parametrize("named", [True, False])
def test_a_clients_certificate_is_known(connect, trusting, version, named):
    """If the context asks for one, and the client has one."""
    line = connect(asks=True)
    line.secured(trusting(version, named=named)).send(b"x")
    line.app_receives(1)
    environ = line.tls.info.environ()
    assert environ["SSL_CLIENT_VERIFY"] == ("SUCCESS" if named else "NONE")
    assert ("SSL_CLIENT_CERT" in environ) is named
    if named:
        pem = environ["SSL_CLIENT_CERT"]
        assert pem.startswith("-----BEGIN CERTIFICATE-----\n")
        subject = environ["wsocket.client_certificate"]["subject"]
        assert subject == ((("commonName", "Ada"),),)


def test_a_certificate_that_is_loaded_later_is_used_from_then_on(world, certificates):
    """So that it can be renewed while the server runs."""
    context = certificates.server_context()
    terminator = Terminator(context, timeout=SECONDS, plain_answer=TLS_EXPECTED)
    trusting = certificates.client_context()
    trusting.check_hostname = False
    seen = []
    for certificate in (certificates.server, certificates.client):
        context.load_cert_chain(certificate)
        with contextlib.closing(Line(world, terminator)) as line:
            seen.append(line.secured(trusting).tls.getpeercert()["subject"])
    assert seen == [((("commonName", name),),) for name in ("localhost", "Ada")]
