"""What a router answers to the first four octets ("RawSocket Transport")."""

from __future__ import annotations

import pytest

from tests.wamp.raw_client import WELCOME
from tests.wamp.transports.rawsocket.client import (
    SERIALIZERS,
    dial,
    exactly,
    frame,
    handshake,
    is_over,
)
from wsocket import WSocketApp

HTTP = b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"


@pytest.fixture
def sock(address):
    """A connection on which nothing was sent."""
    with dial(address) as connected:
        yield connected


@pytest.fixture
def late_address():
    """A router that has little patience."""
    app = WSocketApp(protocol="WAMP", join_timeout=0.2)
    yield app.listen_rawsocket("tcp://127.0.0.1:0").address
    app.close()


@pytest.mark.parametrize("serializer", SERIALIZERS.values(), ids=list(SERIALIZERS))
def test_the_reply_echoes_the_serializer(sock, serializer):
    """LENGTH is that of max_message_size, 1 MiB by default."""
    sock.sendall(handshake(serializer, 3))
    assert exactly(sock, 4) == bytes((0x7F, 11 << 4 | serializer, 0, 0))


@pytest.mark.parametrize(
    ("limit", "length"), [(512, 0), (1023, 0), (2**16, 7), (2**24, 15), (2**30, 15)]
)
def test_length_is_that_of_max_message_size(listening, limit, length):
    """Rounded down to what LENGTH can say."""
    with dial(listening(max_message_size=limit)) as sock:
        sock.sendall(handshake(1))
        assert exactly(sock, 4)[1] >> 4 == length


@pytest.mark.parametrize(
    ("octets", "reply"),
    [
        (handshake(5), b"\x7f\x10\0\0"),
        (handshake(15), b"\x7f\x10\0\0"),
        (b"\x7f\xf1\0\1", b"\x7f\x30\0\0"),
        (b"\x7f\xf1\1\0", b"\x7f\x30\0\0"),
        (b"\x7f\xf0\1\0", b"\x7f\x30\0\0"),
        (b"\x7f\xf0\0\0", b""),
        (b"\x00", b""),
        (b"\x80\xf1\0\0", b""),
        (HTTP, b""),
    ],
    ids=[
        "flatbuffers",
        "serializer 15",
        "fourth octet",
        "third octet",
        "reserved bits and serializer 0",
        "serializer 0",
        "one wrong octet",
        "wrong magic",
        "HTTP",
    ],
)
def test_what_is_no_handshake_is_refused_and_the_connection_closed(sock, octets, reply):
    """With an error where the specification has one."""
    sock.sendall(octets)
    assert exactly(sock, len(reply)) == reply
    assert is_over(sock)


def test_frames_after_a_refused_handshake_do_not_spoil_the_reply(sock):
    """A client may send HELLO without waiting; the error still arrives."""
    sock.sendall(handshake(5) + frame(b"x" * 100) + frame(b"ping", 1))
    assert exactly(sock, 4) == b"\x7f\x10\0\0"
    assert is_over(sock)


def test_a_client_need_not_wait_for_the_reply(sock):
    """HELLO may come with the handshake."""
    hello = b'[1,"realm1",{"roles":{"caller":{}}}]'
    sock.sendall(handshake(1) + frame(hello))
    assert exactly(sock, 4)[0] == 0x7F
    size = int.from_bytes(exactly(sock, 4), "big")
    assert exactly(sock, size).startswith(b"[%d," % WELCOME)


def test_a_client_that_sends_no_handshake_is_disconnected(late_address):
    """Nor half of one; in the time that a client has for its HELLO."""
    with dial(late_address) as silent, dial(late_address) as slow:
        slow.sendall(b"\x7f\xf1")
        assert is_over(silent)
        assert is_over(slow)


def test_a_client_that_sends_no_hello_is_disconnected(late_address):
    """With an ABORT that says so."""
    with dial(late_address) as sock:
        sock.sendall(handshake(1))
        exactly(sock, 4)
        size = int.from_bytes(exactly(sock, 4), "big")
        assert b"too late" in exactly(sock, size)
        assert is_over(sock)
