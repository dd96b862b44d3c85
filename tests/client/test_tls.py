"""Sessions over TLS."""

from __future__ import annotations

import contextlib
import threading

import pytest

from tests.patience import SECONDS
from tests.serving import in_thread
from wsocket import WSocketApp, make_server
from wsocket.client import ConnectFailed, connect


@pytest.fixture(scope="module")
def urls(certificates):
    """A router with TLS, over a websocket and over RawSocket."""
    app = WSocketApp(protocol="WAMP")
    app.register("com.example.echo")(lambda value: value)
    context = certificates.server_context()
    server = make_server("127.0.0.1", 0, app, ssl_context=context)
    with server, in_thread(server), contextlib.closing(app):
        listener = app.listen_rawsocket("tcp://127.0.0.1:0", ssl_context=context)
        tcp = listener.address.replace("tcp://", "tcps://")
        yield {"wss": f"wss://127.0.0.1:{server.server_port}/", "tcps": tcp}


@pytest.mark.parametrize("scheme", ["wss", "tcps"])
def test_large_values_go_both_ways(connecting, urls, certificates, scheme):
    """With a certificate of an authority that the client trusts."""
    with connecting(urls[scheme], tls=certificates.client_context()) as session:
        value = "x" * 300_000
        assert session.call("com.example.echo", value) == value


@pytest.mark.parametrize("scheme", ["wss", "tcps"])
def test_unknown_authority_is_refused(connecting, urls, scheme):
    """The exception says what to do."""
    with pytest.raises(ConnectFailed, match="certificate is not accepted") as caught:
        connecting(urls[scheme]).__enter__()
    assert "cafile" in str(caught.value)


@pytest.mark.parametrize("scheme", ["wss", "tcps"])
def test_many_threads_share_a_session(urls, certificates, scheme):
    """One reads while the others write."""
    failures = []
    with connect(urls[scheme], tls=certificates.client_context()) as session:

        def call(number):
            for turn in range(20):
                value = [number, turn, "x" * 20_000]
                if session.call("com.example.echo", value, timeout=SECONDS) != value:
                    failures.append(value)

        threads = [threading.Thread(target=call, args=(each,)) for each in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(SECONDS)
    assert failures == []
