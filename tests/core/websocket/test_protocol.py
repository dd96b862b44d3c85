"""The closing state, and what is sent, with a client library as witness."""

from __future__ import annotations

import random
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st
from websockets.extensions.permessage_deflate import PerMessageDeflate
from websockets.frames import Opcode
from websockets.protocol import CLIENT, Protocol, State

from tests.core.wire import (
    BINARY,
    CLOSE,
    PING,
    PONG,
    TEXT,
    Frame,
    client_frame,
    server_frames,
)
from wsocket.core.websocket.deflate import DeflateParameters
from wsocket.core.websocket.events import Close, Ping
from wsocket.core.websocket.protocol import WebSocketProtocol
from wsocket.errors import ProtocolError, WebSocketClosed

LONG = "twelve bytes" * 100


def connection(deflate=None):
    return WebSocketProtocol(max_message_size=2**20, deflate=deflate)


def frame(opcode, payload=b"", *, rsv1=False):
    return [Frame(opcode, payload, fin=True, rsv1=rsv1)]


def state(conn):
    """open, close_sent, close_received, closed"""
    return (conn.open, conn.close_sent, conn.close_received, conn.closed)


OPEN = (True, False, False, False)
CLOSING = (False, True, False, False)
CLOSED = (False, True, True, True)
FAILED = (False, True, False, True)
LOST = (False, False, False, True)


def assert_sends_nothing(conn, code, reason):
    """Every way to send is at its end."""
    for send in (lambda: conn.message("late"), conn.ping):
        with pytest.raises(WebSocketClosed) as closed:
            send()
        assert (closed.value.code, closed.value.reason) == (code, reason)
    assert conn.close(1000) == b""
    assert conn.answer(Ping(b"x")) == b""
    assert conn.answer(Close(1000, "")) == b""
    assert (conn.close_code, conn.close_reason) == (code, reason)


# --- Messages and pings ---------------------------------------------------------------


@pytest.mark.parametrize(
    ("message", "binary", "opcode", "payload"),
    [
        ("h\u00e9", None, TEXT, b"h\xc3\xa9"),
        ("h\u00e9", False, TEXT, b"h\xc3\xa9"),
        ("h\u00e9", True, BINARY, b"h\xc3\xa9"),
        (b"h\xc3\xa9", None, BINARY, b"h\xc3\xa9"),
        (b"h\xc3\xa9", True, BINARY, b"h\xc3\xa9"),
        (b"h\xc3\xa9", False, TEXT, b"h\xc3\xa9"),
        (b"\xff", None, BINARY, b"\xff"),
        ("", None, TEXT, b""),
        (b"", None, BINARY, b""),
        (bytearray(b"a"), None, BINARY, b"a"),
        (memoryview(b"a"), None, BINARY, b"a"),
        ("x" * 300, None, TEXT, b"x" * 300),
    ],
)
def test_a_message_is_sent_as_its_type_or_as_told(message, binary, opcode, payload):
    """A str is text and bytes are binary, unless `binary` says otherwise."""
    sent = connection().message(message, binary=binary)
    assert server_frames(sent) == frame(opcode, payload)


@pytest.mark.parametrize("size", [2**18, 2**18 + 1, 2**21])
def test_a_large_message_is_not_copied(size):
    """Its header is written, and then the message itself."""
    message = bytes(size)
    header, payload = connection().message(message)
    assert payload is message
    assert server_frames(header + payload) == frame(BINARY, message)
    header, payload = connection().message("x" * size)
    assert server_frames(header + payload) == frame(TEXT, b"x" * size)


@pytest.mark.parametrize("message", [None, 1, ["a"], {"a": 1}])
def test_what_is_no_message_is_refused(message):
    """The error says which types would do."""
    with pytest.raises(TypeError, match="must be str or bytes, got"):
        connection().message(message)


@pytest.mark.parametrize(
    ("message", "binary"), [(b"\xff", False), ("\ud800", None), ("\ud800", True)]
)
def test_text_that_is_not_utf8_is_refused(message, binary):
    """The peer would fail the connection over it."""
    conn = connection()
    with pytest.raises(ValueError, match=r"UTF-8|utf-8"):
        conn.message(message, binary=binary)
    assert conn.open


def test_a_ping_is_sent():
    """With up to 125 bytes."""
    assert server_frames(connection().ping()) == frame(PING)
    assert server_frames(connection().ping(b"x" * 125)) == frame(PING, b"x" * 125)


def test_a_ping_that_does_not_fit_is_refused():
    """A control frame has at most 125 bytes."""
    with pytest.raises(ValueError, match="126 bytes, at most 125"):
        connection().ping(b"x" * 126)


def test_a_ping_is_answered_with_its_payload():
    """Section 5.5.2."""
    conn = connection()
    (ping,) = conn.feed(client_frame(PING, b"now"))
    assert server_frames(conn.answer(ping)) == frame(PONG, b"now")
    assert state(conn) == OPEN


# --- Compression ----------------------------------------------------------------------


def test_only_what_is_worth_it_is_compressed():
    """From 64 bytes on, and only where it was agreed."""
    conn = connection(DeflateParameters())
    (short,) = server_frames(conn.message("x" * 63))
    (long,) = server_frames(conn.message("x" * 64))
    assert (short.rsv1, long.rsv1) == (False, True)
    assert len(long.payload) < 20
    assert server_frames(connection().message(LONG)) == frame(TEXT, LONG.encode())


def test_a_message_can_stay_uncompressed():
    """Between compressed ones; the peer's context is not disturbed."""
    conn, inflater = connection(DeflateParameters()), zlib.decompressobj(-15)
    sent = [conn.message(LONG, compress=each) for each in (True, False, True)]
    first, plain, last = (server_frames(each)[0] for each in sent)
    assert (first.rsv1, plain.rsv1, last.rsv1) == (True, False, True)
    assert plain.payload == LONG.encode()
    for compressed in (first, last):
        inflated = inflater.decompress(compressed.payload + b"\0\0\xff\xff")
        assert inflated == LONG.encode()


def test_compressed_messages_are_received():
    """The connection hands its inflater to the decoder."""
    conn = connection(DeflateParameters())
    hello = bytes.fromhex("f2 48 cd c9 c9 07 00")  # RFC 7692 section 7.2.3.1
    assert conn.feed(client_frame(TEXT, hello, rsv1=True)) == ["Hello"]


parameters = st.builds(
    DeflateParameters,
    server_no_context_takeover=st.booleans(),
    client_no_context_takeover=st.booleans(),
    server_max_window_bits=st.integers(9, 15),
    client_max_window_bits=st.integers(9, 15),
)
texts = st.one_of(
    st.text(max_size=30),
    st.text(min_size=30, max_size=80).map(lambda text: text * 20),
    st.binary(max_size=300),
)


def library_client(deflate):
    """The other side of a connection that is open already."""
    client = Protocol(CLIENT, state=State.OPEN)
    if deflate is not None:
        client.extensions = [
            PerMessageDeflate(
                remote_no_context_takeover=deflate.server_no_context_takeover,
                local_no_context_takeover=deflate.client_no_context_takeover,
                remote_max_window_bits=deflate.server_max_window_bits,
                local_max_window_bits=deflate.client_max_window_bits,
            )
        ]
    return client


def receive(client, data):
    client.receive_data(data)
    assert client.parser_exc is None
    return [
        event.data.decode() if event.opcode is Opcode.TEXT else bytes(event.data)
        for event in client.events_received()
    ]


@given(st.one_of(st.none(), parameters), st.lists(texts, max_size=6))
def test_a_client_library_echoes_everything(deflate, sent):
    """Out through its decoder, back through ours, whatever was negotiated."""
    conn = connection(deflate)
    client = library_client(deflate)
    for message in sent:
        assert receive(client, conn.message(message)) == [message]
        if isinstance(message, str):
            client.send_text(message.encode())
        else:
            client.send_binary(message)
        assert conn.feed(b"".join(client.data_to_send())) == [message]


def test_a_long_message_survives_the_client_library():
    """64-bit lengths in both directions."""
    conn = connection()
    client = library_client(None)
    noise = random.Random(3).randbytes(100_000)
    assert receive(client, conn.message(noise)) == [noise]
    client.send_binary(noise)
    assert conn.feed(b"".join(client.data_to_send())) == [noise]


# --- The peer closes ------------------------------------------------------------------


@pytest.mark.parametrize(
    ("payload", "code", "reason"),
    [
        (b"", 1005, ""),
        (b"\x03\xe8", 1000, ""),
        (b"\x03\xe9bye", 1001, "bye"),
        (b"\x0f\xa0", 4000, ""),
        (b"\x03\xf4", 1012, ""),
    ],
)
def test_a_close_is_echoed(payload, code, reason):
    """The same code back, or none where none came (section 5.5.1)."""
    conn = connection()
    (close,) = conn.feed(client_frame(CLOSE, payload))
    assert server_frames(conn.answer(close)) == frame(CLOSE, payload[:2])
    assert state(conn) == CLOSED
    assert_sends_nothing(conn, code, reason)


def test_what_came_before_a_close_can_still_be_answered():
    """A Close counts when the driver comes to it, not when it was read."""
    conn = connection()
    message, close = conn.feed(client_frame(TEXT, b"a") + client_frame(CLOSE))
    assert state(conn) == OPEN
    assert server_frames(conn.message(message)) == frame(TEXT, b"a")
    assert server_frames(conn.answer(close)) == frame(CLOSE)


def test_input_after_a_close_is_ignored():
    """In the same read and in the next."""
    conn = connection()
    assert len(conn.feed(client_frame(CLOSE) + client_frame(TEXT, b"a"))) == 1
    assert conn.feed(client_frame(TEXT, b"a")) == []


# --- We close -------------------------------------------------------------------------


def test_closing_is_finished_by_the_peers_close():
    """Until then its messages are still received; its code is the one that counts."""
    conn = connection()
    assert server_frames(conn.close(1001, "bye")) == frame(CLOSE, b"\x03\xe9bye")
    assert state(conn) == CLOSING
    assert conn.feed(client_frame(TEXT, b"crossing")) == ["crossing"]
    (close,) = conn.feed(client_frame(CLOSE, b"\x03\xe8ok"))
    assert conn.answer(close) == b""
    assert state(conn) == CLOSED
    assert_sends_nothing(conn, 1000, "ok")


def test_nothing_is_sent_after_our_close():
    """Neither messages nor pings nor pongs nor a second Close."""
    conn = connection()
    conn.close(3000, "why")
    assert conn.close(1001, "again") == b""
    with pytest.raises(WebSocketClosed, match="3000: why"):
        conn.message("late")
    with pytest.raises(WebSocketClosed, match="3000: why"):
        conn.ping()
    (ping,) = conn.feed(client_frame(PING))
    assert conn.answer(ping) == b""
    assert state(conn) == CLOSING


def test_a_close_without_arguments_is_a_normal_one():
    """1000, no reason."""
    assert server_frames(connection().close()) == frame(CLOSE, b"\x03\xe8")


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        (1005, ""),
        (1006, ""),
        (999, ""),
        (5000, ""),
        (1000, "x" * 124),
        (1000, "\ud800"),
    ],
)
def test_a_close_that_may_not_be_sent_changes_nothing(code, reason):
    """The caller can try again with something valid."""
    conn = connection()
    with pytest.raises(ValueError, match=r"close code|close reason|utf-8"):
        conn.close(code, reason)
    assert state(conn) == OPEN
    assert server_frames(conn.message("still open")) == frame(TEXT, b"still open")


def test_both_sides_may_close_at_once():
    """The peer's Close needs no echo when ours is on its way."""
    conn = connection()
    (close,) = conn.feed(client_frame(CLOSE, b"\x03\xe8"))
    assert server_frames(conn.close(1001)) == frame(CLOSE, b"\x03\xe9")
    assert conn.answer(close) == b""
    assert state(conn) == CLOSED
    assert conn.close_code == 1000


def test_a_client_library_closes_with_us():
    """Whoever starts, both agree in the end."""
    conn, client = connection(), library_client(None)
    client.receive_data(conn.close(1001, "bye"))
    (close,) = conn.feed(b"".join(client.data_to_send()))
    conn.answer(close)
    assert (conn.closed, client.close_rcvd.code) == (True, 1001)
    conn, client = connection(), library_client(None)
    client.send_close(4001, "bye")
    (close,) = conn.feed(b"".join(client.data_to_send()))
    client.receive_data(conn.answer(close))
    assert (conn.close_code, conn.close_reason) == (4001, "bye")
    assert client.close_rcvd.code == 4001
    assert client.parser_exc is None


# --- Failed and lost ------------------------------------------------------------------


def test_a_violation_fails_the_connection():
    """The peer is told the code and the problem; nothing more is expected of it."""
    conn = connection()
    message, failure = conn.feed(client_frame(TEXT, b"a") + b"\x83")
    assert server_frames(conn.message(message)) == frame(TEXT, b"a")
    (close,) = server_frames(conn.answer(failure))
    assert close.opcode == CLOSE
    assert close.payload == b"\x03\xea" + failure.problem.encode()
    assert state(conn) == FAILED
    assert_sends_nothing(conn, 1002, failure.problem)


def test_a_long_problem_is_shortened_for_the_peer():
    """To 123 bytes, not inside a character; locally it stays whole."""
    conn = connection()
    problem = "x" + "\u20ac" * 60
    (close,) = server_frames(conn.answer(ProtocolError(problem, code=1009)))
    assert close.payload[2:].decode() == "x" + "\u20ac" * 40
    assert conn.close_reason == problem


def test_a_violation_while_closing_is_not_answered():
    """Our Close is sent already; the connection ends at once."""
    conn = connection()
    conn.close(1001)
    (failure,) = conn.feed(b"\xff")
    assert conn.answer(failure) == b""
    assert state(conn) == FAILED
    assert_sends_nothing(conn, 1002, failure.problem)


def test_a_lost_connection_ends_with_1006():
    """There was no closing handshake (section 7.1.5)."""
    conn = connection()
    conn.lost()
    assert state(conn) == LOST
    assert_sends_nothing(conn, 1006, "")
    assert conn.answer(ProtocolError("too late")) == b""
    assert conn.close_code == 1006


def test_a_connection_lost_while_closing_ends_with_1006():
    """Our own code would claim an agreement that there was not."""
    conn = connection()
    conn.close(1001, "bye")
    conn.lost()
    assert state(conn) == FAILED
    assert_sends_nothing(conn, 1006, "")


def test_a_connection_lost_after_the_closing_handshake_keeps_its_code():
    """That is how every connection ends."""
    conn = connection()
    conn.answer(Close(1001, "bye"))
    conn.lost()
    assert state(conn) == CLOSED
    assert_sends_nothing(conn, 1001, "bye")


def test_a_connection_lost_after_a_failure_keeps_its_code():
    """The failure was the cause."""
    conn = connection()
    conn.answer(ProtocolError("bad", code=1007))
    conn.lost()
    assert_sends_nothing(conn, 1007, "bad")
