"""TLS that ends on the loop: the client's side is the standard library's."""

from __future__ import annotations

import contextlib
import os
import random
import socket
import ssl
import time
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import pytest

from tests.certificates import Certificates
from tests.core.tls_client import TlsClient
from tests.core.wire import chunks
from tests.core.worlds import LOOP_WORLDS, SECONDS, LoopWorld
from wsocket.core.http.request import TLS_EXPECTED
from wsocket.core.net.tls.terminator import Terminator, TlsConnection

TLS_1_2, TLS_1_3 = ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3
every_version = pytest.mark.parametrize("version", [TLS_1_2, TLS_1_3])

# More than all buffers on the way may hold.
TOO_MUCH = 32 * 2**20


@pytest.fixture(scope="module", params=LOOP_WORLDS.values(), ids=list(LOOP_WORLDS))
def world(request) -> LoopWorld:
    return LoopWorld(current_hub=request.param)


class Line:
    """A client's socket, and what the terminator made of the server's."""

    def __init__(self, world: LoopWorld, terminator: Terminator) -> None:
        self.world = world
        self.terminator = terminator
        with socket.create_server(("127.0.0.1", 0)) as listener:
            near = socket.create_connection(listener.getsockname())
            far, _ = listener.accept()
        self.client = self._adopted(near)
        accepted = self._adopted(far)
        self.app: Any
        self.tls: TlsConnection
        self.app, self.tls = terminator.accept(
            accepted, client="127.0.0.1", loop=world.loop
        )
        assert type(self.app) is type(accepted)
        assert accepted.fileno() == -1
        self.app.settimeout(SECONDS)

    def _adopted(self, sock: socket.socket) -> Any:
        adopted = self.world.world.socket_class(fileno=sock.detach())
        adopted.settimeout(SECONDS)
        return adopted

    def secured(self, context: ssl.SSLContext, **more: Any) -> TlsClient:
        return TlsClient(self.client, context, **more).shake_hands()

    def app_receives(self, size: int) -> bytes:
        data = bytearray()
        while len(data) < size:
            part = self.app.recv(size - len(data))
            assert part, f"the connection ended after {len(data)} bytes"
            data += part
        return bytes(data)

    def close(self) -> None:
        self.client.close()
        self.app.close()
        self.wait_until_ended()

    def wait_until_ended(self) -> None:
        """Nothing that one side sees would tell that the loop has let go of both."""
        deadline = time.monotonic() + SECONDS
        while self.tls in self.terminator.connections and time.monotonic() < deadline:
            self.world.world.event().wait(0.01)
        assert self.tls not in self.terminator.connections


Connect = Callable[..., Line]


@pytest.fixture
def connect(world: LoopWorld, certificates: Certificates) -> Iterator[Connect]:
    """Makes lines that are closed with the test, and leave no descriptor behind."""
    world.run(lambda: True)
    before = os.listdir("/proc/self/fd")
    with contextlib.ExitStack() as stack:

        def make(*, timeout: float = SECONDS, asks: bool = False) -> Line:
            context = certificates.server_context(asks=asks)
            line = Line(
                world, Terminator(context, timeout=timeout, plain_answer=TLS_EXPECTED)
            )
            stack.callback(line.close)
            return line

        yield make
    assert os.listdir("/proc/self/fd") == before


@pytest.fixture
def trusting(certificates: Certificates) -> Callable[..., ssl.SSLContext]:
    return certificates.client_context


# Bytes


@every_version
def test_bytes_go_both_ways(connect, trusting, version):
    """And all is known of the connection when the first byte arrives."""
    line = connect()
    assert line.tls.info is None
    client = line.secured(trusting(version))
    client.send(b"hello")
    assert line.app_receives(5) == b"hello"
    assert line.tls.info.protocol == client.tls.version()
    assert line.tls.info.cipher == client.tls.cipher()[0]
    line.app.sendall(b"hi")
    assert client.exactly(2) == b"hi"


@every_version
def test_it_does_not_matter_how_the_network_splits_the_bytes(
    connect, trusting, version
):
    """One by one, the handshake included."""
    line = connect()
    client = TlsClient(line.client, trusting(version))
    client.split = partial(chunks, size=1)
    client.shake_hands().send(b"hello")
    assert line.app_receives(5) == b"hello"


@every_version
def test_large_amounts_arrive_whole(connect, trusting, world, version):
    """Several MiB both ways at once."""
    line = connect()
    client = line.secured(trusting(version))
    data = os.urandom(5 * 2**20)
    echo = world.world.start(lambda: line.app.sendall(line.app_receives(len(data))))
    client.send(data)
    assert are_same(client.exactly(len(data)), data)
    echo.result()


def fill(send: Callable[[bytes], Any], sock: Any) -> int:
    """Send until nobody takes more; how much was taken at least."""
    sock.settimeout(0.3)
    taken = 0
    with contextlib.suppress(TimeoutError):
        while taken < TOO_MUCH:
            send(b"x" * 65536)
            taken += 65536
    assert taken < TOO_MUCH
    sock.settimeout(SECONDS)
    return taken


def are_same(received: bytes, sent: bytes) -> bool:
    """Without a report of millions of bytes."""
    return received == sent


@every_version
def test_a_client_is_read_no_faster_than_the_application_reads(
    connect, trusting, version
):
    """What it sends waits with it, and arrives in the end."""
    line = connect()
    client = line.secured(trusting(version))
    client.split = partial(chunks, size=4096)
    taken = fill(client.send, line.client)
    assert are_same(line.app_receives(taken), b"x" * taken)


@every_version
def test_the_application_is_read_no_faster_than_the_client_reads(
    connect, trusting, version
):
    """Its socket blocks as a client's own would."""
    line = connect()
    client = line.secured(trusting(version))
    taken = fill(line.app.sendall, line.app)
    assert are_same(client.exactly(taken), b"x" * taken)


def test_both_sides_may_send_before_they_read(connect, trusting, world):
    """Neither direction waits for the other one."""
    line = connect()
    client = line.secured(trusting())
    data = os.urandom(300_000)  # less than the buffers of one direction
    for send in (client.send, line.app.sendall):
        send(data)
    assert are_same(line.app_receives(len(data)), data)
    assert are_same(client.exactly(len(data)), data)


# The end


@every_version
def test_the_application_may_end_first(connect, trusting, version):
    """close_notify says so, and what the client still says is heard."""
    line = connect()
    client = line.secured(trusting(version))
    line.app.sendall(b"bye")
    line.app.shutdown(socket.SHUT_WR)
    assert client.exactly(3) == b"bye"
    assert client.receive() == b""
    client.send(b"one more thing")
    assert line.app_receives(14) == b"one more thing"
    client.say_goodbye()
    assert line.app.recv(1) == b""


@every_version
def test_the_client_may_end_first(connect, trusting, version):
    """The application sees the end of the stream, and may still answer."""
    line = connect()
    client = line.secured(trusting(version))
    client.send(b"bye")
    client.say_goodbye()
    assert line.app_receives(3) == b"bye"
    assert line.app.recv(1) == b""
    line.app.sendall(b"answer")
    assert client.exactly(6) == b"answer"
    line.app.close()
    assert client.receive() == b""


def test_what_a_client_sends_after_its_end_is_ignored(connect, trusting):
    """However much it is."""
    line = connect()
    client = line.secured(trusting())
    client.say_goodbye()
    assert line.app.recv(1) == b""
    for _ in range(100):
        line.client.sendall(b"x" * 65536)
    line.app.sendall(b"answer")
    assert client.exactly(6) == b"answer"


@every_version
def test_a_client_that_goes_without_a_word_is_at_its_end(connect, trusting, version):
    """As many do: TCP's end is enough."""
    line = connect()
    line.secured(trusting(version)).send(b"bye")
    line.client.close()
    assert line.app_receives(3) == b"bye"
    assert line.app.recv(1) == b""


def test_a_client_that_breaks_off_is_gone(connect, trusting, world):
    """A reset ends both directions."""
    line = connect()
    line.secured(trusting()).send(b"x")
    assert line.app_receives(1) == b"x"
    line.client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
    line.client.close()
    assert line.app.recv(1) == b""

    def send_on() -> None:  # the loop closes it a moment later
        deadline = time.monotonic() + SECONDS
        while time.monotonic() < deadline:
            line.app.sendall(b"x")

    with pytest.raises(BrokenPipeError):
        send_on()


def test_an_aborted_connection_does_not_end_properly(connect, trusting):
    """The client must not take what it has for all there is."""
    line = connect()
    client = line.secured(trusting())
    line.app.sendall(b"half")
    assert client.exactly(4) == b"half"
    line.tls.abort_on_close()
    line.app.close()
    with pytest.raises(ConnectionResetError):
        client.receive()


def test_what_was_sent_before_the_end_arrives(connect, trusting):
    """Although the application has closed, and the client has not read yet."""
    line = connect()
    client = line.secured(trusting())
    data = os.urandom(200_000)
    line.app.sendall(data)
    line.app.close()
    assert are_same(client.exactly(len(data)), data)
    assert client.receive() == b""


def test_a_client_that_reads_nothing_is_left_after_a_while(connect, trusting):
    """When the application has given it up: its buffers are not kept for ever."""
    line = connect(timeout=0.3)
    client = line.secured(trusting())
    fill(line.app.sendall, line.app)
    line.app.close()
    line.wait_until_ended()
    with pytest.raises((ConnectionResetError, EOFError)):
        client.exactly(TOO_MUCH)


def test_a_client_that_does_not_close_is_left_after_a_second(connect, trusting):
    """It has had its close_notify."""
    line = connect()
    client = line.secured(trusting())
    line.app.close()
    assert client.receive() == b""
    assert line.client.recv(1) == b""
    line.wait_until_ended()
    with pytest.raises(ConnectionError):  # nobody is there
        client.send(b"x" * TOO_MUCH)


# What is known


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


# Clients that break TLS, or do not speak it


@pytest.mark.parametrize(
    "data",
    [
        b"\0" * 100,
        b"\x80\x2e\x01\x00\x02" + b"x" * 50,
        b"SSH-2.0-OpenSSH_9.2\r\n",
        b"\x16\x03\x01\x00\x05hello",
        b"\x15\x03\x01\x00\x02\x02\x28",
        b"\x17\x03\x03\x00\x20" + b"x" * 32,
        b"\x16\x03\x03\xff\xff" + b"x" * 65536,
        random.Random(1).randbytes(1000),
    ],
    ids=lambda data: repr(data[:8]),
)
def test_garbage_ends_the_connection(connect, data, caplog):
    """At once, without a traceback; the application sees the end and no byte."""
    caplog.set_level("INFO", "wsocket")
    line = connect()
    line.client.sendall(data)
    assert line.app.recv(1) == b""
    line.client.shutdown(socket.SHUT_WR)
    with contextlib.suppress(ConnectionResetError):
        while line.client.recv(65536):
            continue
    [record] = caplog.records
    assert record.getMessage().startswith("127.0.0.1: TLS failed: ")
    assert record.levelname == "INFO"
    assert record.exc_info is None


def test_http_without_tls_is_told_what_is_spoken_here(connect):
    """In its own words."""
    line = connect()
    line.client.sendall(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
    received = b""
    while data := line.client.recv(65536):
        received += data
    assert received.startswith(b"HTTP/1.1 400 Bad Request\r\n")
    assert received.endswith(b"this port speaks TLS: say https:// or wss://\n")
    assert line.app.recv(1) == b""


def test_a_client_without_a_common_version_is_told_in_an_alert(
    connect, certificates, trusting
):
    """The alert arrives before the end."""
    line = connect()
    context = trusting()
    context.set_ciphers("ECDHE-RSA-AES128-GCM-SHA256")  # the server's key is not RSA
    context.maximum_version = TLS_1_2
    with pytest.raises(ssl.SSLError, match="alert handshake failure"):
        line.secured(context)
    assert line.app.recv(1) == b""


@every_version
def test_a_record_that_was_changed_on_its_way_ends_the_connection(
    connect, trusting, version
):
    """What came before it is delivered, nothing of it or after it."""
    line = connect()
    client = line.secured(trusting(version))
    good, bad = client.encrypted(b"good"), bytearray(client.encrypted(b"evil"))
    bad[-1] ^= 1
    line.client.sendall(good + bad + client.encrypted(b"late"))
    assert line.app_receives(4) == b"good"
    assert line.app.recv(1) == b""
    with pytest.raises(ssl.SSLError, match="alert bad record mac"):
        client.receive()


@pytest.mark.parametrize("size", [0, 1, 5, 100])
def test_a_handshake_that_dawdles_is_ended(connect, trusting, size, caplog):
    """Whether the client says nothing, or not enough."""
    caplog.set_level("INFO", "wsocket")
    line = connect(timeout=0.2)
    hello: list[bytes] = []
    client = TlsClient(line.client, trusting())
    client.split = lambda data: [hello.append(data) or data[:size]]
    line.client.settimeout(SECONDS)
    with pytest.raises((EOFError, ConnectionResetError)):
        client.shake_hands()
    assert len(hello[0]) > size
    assert line.app.recv(1) == b""
    assert "127.0.0.1: no TLS handshake in 0.2 seconds" in caplog.messages


def test_a_client_that_goes_during_the_handshake_is_no_event(connect, caplog):
    """Port scanners and browsers' spare connections."""
    caplog.set_level("INFO", "wsocket")
    line = connect()
    line.client.sendall(b"\x16\x03\x01")
    line.client.close()
    assert line.app.recv(1) == b""
    assert caplog.records == []


class BrokenContext:
    """A context with a bug in it."""

    def wrap_bio(self, *unused: Any, **more: Any) -> Any:
        return self

    def do_handshake(self) -> None:
        raise KeyError("oops")


def test_a_bug_ends_its_connection_and_nothing_else(world, caplog):
    """It is logged, and the loop goes on."""
    line = Line(
        world, Terminator(BrokenContext(), timeout=SECONDS, plain_answer=TLS_EXPECTED)
    )
    with contextlib.closing(line):
        line.client.sendall(b"x")
        assert line.app.recv(1) == b""
    assert world.run(lambda: "alive") == "alive"
    assert "oops" in caplog.text


# Many


def test_many_connections_at_once(connect, world, trusting):
    """Each has its own bytes."""
    context = trusting()
    lines = [connect() for _ in range(50)]
    clients = [line.secured(context) for line in lines]
    for number, client in enumerate(clients):
        client.send(b"%03d" % number)
    for number, line in enumerate(lines):
        assert line.app_receives(3) == b"%03d" % number
        line.app.sendall(b"%03d" % -number)
    for number, client in enumerate(clients):
        assert client.exactly(3)[:3] == b"%03d" % -number


def test_a_connection_without_descriptors_is_left_alone(
    world, certificates, monkeypatch
):
    """Whoever has accepted it may still close it."""

    def socketpair() -> None:
        raise OSError(24, "Too many open files")

    terminator = Terminator(
        certificates.server_context(), timeout=SECONDS, plain_answer=TLS_EXPECTED
    )
    accepted, client = socket.socketpair()
    monkeypatch.setattr(socket, "socketpair", socketpair)
    with accepted, client:
        with pytest.raises(OSError, match="Too many open files"):
            terminator.accept(accepted, client="", loop=world.loop)
        assert accepted.fileno() > 0


@pytest.mark.parametrize(
    ("context", "error", "problem"),
    [
        ("cert.pem", TypeError, "must be an ssl.SSLContext, not 'cert.pem'"),
        (True, TypeError, "must be an ssl.SSLContext, not True"),
        (ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT), ValueError, "must be one for serv"),
    ],
)
def test_a_context_that_cannot_work_is_refused(context, error, problem):
    """When the server is made, not when the first client comes."""
    with pytest.raises(error, match=problem):
        Terminator(context, timeout=1, plain_answer=TLS_EXPECTED)
