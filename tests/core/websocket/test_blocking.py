"""The blocking `WebSocket`, in threads and in greenlets, over a socket pair."""

from __future__ import annotations

import gc
import time

import pytest

from tests.core.wire import (
    BINARY,
    CLOSE,
    CONTINUATION,
    PING,
    PONG,
    TEXT,
    client_frame,
    deflated,
)
from tests.core.worlds import WORLDS, Peer, World
from tests.patience import SECONDS
from wsocket import Limits
from wsocket.core.websocket.blocking import WebSocket
from wsocket.core.websocket.deflate import DeflateParameters, Deflater, Inflater
from wsocket.core.websocket.handshake import Handshake
from wsocket.errors import WebSocketClosed, WebSocketError

MORE_THAN_THE_KERNEL_TAKES = b"x" * 2**23
SOON = 0.05  # seconds


@pytest.fixture(params=list(WORLDS))
def world(request) -> World:
    return WORLDS[request.param]


def talking_for_ever(sock, said: bytes):
    """The same connection, with a peer that says *said* whenever it is heard."""

    class Heard(type(sock)):
        def recv(self, size: int, flags: int = 0) -> bytes:
            return said

    heard = Heard(fileno=sock.detach())
    heard.settimeout(None)
    return heard


class Both:
    """A websocket and its peer."""

    def __init__(
        self,
        world: World,
        *,
        deflate=None,
        read_ahead: bytes = b"",
        endless=b"",
        send_timeout: float = 30.0,
        **charged,
    ) -> None:
        self.world = world
        sock, self.peer = world.pair(send_timeout=send_timeout)
        if endless:
            sock = talking_for_ever(sock, endless)
            self.peer.sock.send(b".")  # nobody reads it: there is always something
        handshake = Handshake(
            version=13,
            accept="",
            subprotocol="chat",
            deflate=deflate,
            extensions="",
        )
        environ = {
            "PATH_INFO": "/caf\xc3\xa9",
            "REMOTE_ADDR": "192.0.2.7",
            "HTTP_ORIGIN": "https://example.com",
        }
        self.sock = sock
        self.ws = WebSocket(
            environ,
            sock,
            handshake=handshake,
            concurrency=world.concurrency,
            max_message_size=2**20,
            read_ahead=read_ahead,
            limits=Limits(send_timeout=send_timeout),
            **charged,
        )
        self.ws.close_timeout = SECONDS

    def start(self, function, *args):
        return self.world.start(function, *args)


@pytest.fixture
def make(world):
    made = []

    def make_one(**how) -> Both:
        made.append(Both(world, **how))
        return made[-1]

    yield make_one
    for both in made:
        both.peer.close()
        both.ws.close()


@pytest.fixture
def both(make) -> Both:
    return make()


def close_payload(code: int, reason: str = "") -> bytes:
    return code.to_bytes(2, "big") + reason.encode()


def answer_close(peer: Peer) -> bytes:
    """Read the websocket's Close, answer it, see the connection end, and end it too."""
    frame = peer.frame()
    assert frame.opcode == CLOSE
    peer.send(CLOSE, frame.payload[:2])
    assert peer.ended()
    peer.close()
    return frame.payload


# Messages


def test_text_is_str_and_binary_is_bytes(both):
    """In both directions."""
    both.peer.send(TEXT, "é".encode())
    both.peer.send(BINARY, b"\x00\xff")
    assert [both.ws.receive(), both.ws.receive()] == ["é", b"\x00\xff"]
    both.ws.send("é")
    both.ws.send(b"\x00\xff")
    assert both.peer.frame()[:2] == (TEXT, "é".encode())
    assert both.peer.frame()[:2] == (BINARY, b"\x00\xff")


def test_binary_overrides_the_type(both):
    """binary=True makes a binary message of a str, binary=False text of bytes."""
    both.ws.send("é", binary=True)
    both.ws.send("é".encode(), binary=False)
    assert both.peer.frame()[:2] == (BINARY, "é".encode())
    assert both.peer.frame()[:2] == (TEXT, "é".encode())


def test_what_cannot_be_sent_leaves_the_websocket_usable(both):
    """A wrong type and bad UTF-8 are the caller's errors."""
    with pytest.raises(TypeError, match="int"):
        both.ws.send(1)
    with pytest.raises(ValueError, match="UTF-8"):
        both.ws.send(b"\xff", binary=False)
    both.ws.send("still here")
    assert both.peer.frame().payload == b"still here"


def test_an_empty_message_is_a_message(both):
    """It is neither a timeout nor the end."""
    both.peer.send(TEXT)
    both.peer.send(BINARY)
    assert [both.ws.receive(timeout=SECONDS), both.ws.receive(timeout=SECONDS)] == [
        "",
        b"",
    ]


def test_bytes_read_ahead_come_first(make):
    """What the server had read after the request is not lost."""
    both = make(read_ahead=b"\x81\x82\x00\x00\x00\x00hi\x81\x83\x00\x00")
    both.peer.sock.sendall(b"\x00\x00you")
    assert [both.ws.receive(), both.ws.receive()] == ["hi", "you"]


def test_a_compressed_connection_says_so(make, both):
    """do_compress is what was agreed on; long messages are compressed then."""
    assert not both.ws.do_compress
    compressed = make(deflate=DeflateParameters())
    assert compressed.ws.do_compress
    compressed.ws.send("long " * 1000)
    frame = compressed.peer.frame()
    assert frame.rsv1
    assert len(frame.payload) < 1000
    compressed.ws.send("long " * 1000, do_compress=False)
    frame = compressed.peer.frame()
    assert (frame.rsv1, frame.payload) == (False, b"long " * 1000)


SIZE = 300_000
# Much more than is inflated at once, in one read.
BOMBS = 10 * client_frame(BINARY, deflated(bytes(SIZE)), rsv1=True)
BOMBED = [bytes(SIZE)] * 10


@pytest.mark.parametrize("timeout", [0, None])
@pytest.mark.parametrize("ahead", [True, False])
def test_what_inflates_to_much_comes_message_by_message(make, timeout, ahead):
    """Nothing has to come for it: it was read already."""
    data = BOMBS + client_frame(TEXT, b"last")
    both = make(deflate=DeflateParameters(), read_ahead=data if ahead else b"")
    if not ahead:
        both.peer.sock.sendall(data)
    assert [both.ws.receive(timeout) for _ in range(11)] == [*BOMBED, "last"]
    assert both.ws.receive(timeout=0) is None


@pytest.mark.parametrize(
    ("last", "code"), [(client_frame(CLOSE, b"\x03\xe9"), 1001), (b"\x83", 1002)]
)
def test_an_end_behind_what_inflates_to_much(make, last, code):
    """The peer's Close or its violation comes after all of it."""
    both = make(deflate=DeflateParameters())
    both.peer.sock.sendall(client_frame(PING, b"1") + BOMBS + last)
    assert [both.ws.receive() for _ in range(10)] == BOMBED
    with pytest.raises(WebSocketClosed) as caught:
        both.ws.receive()
    assert caught.value.code == code
    assert [both.peer.frame().opcode for _ in range(2)] == [PONG, CLOSE]


def test_a_close_answered_behind_what_inflates_to_much(make):
    """We close, and all that is there before the answer is thrown away."""
    both = make(deflate=DeflateParameters())
    both.peer.sock.sendall(BOMBS)
    assert both.ws.receive() == BOMBED[0]
    closing = both.start(both.ws.close, 1000)
    both.peer.sock.sendall(BOMBS)
    answer_close(both.peer)
    closing.result()
    with pytest.raises(WebSocketClosed) as caught:
        both.ws.receive()
    assert caught.value.code == 1000


@pytest.mark.parametrize("world", ["greenlets"], indirect=True)
def test_others_get_in_between_what_inflates_to_much(make):
    """Though nothing has to be waited for; threads share the time anyway."""
    both = make(deflate=DeflateParameters())
    both.peer.sock.sendall(BOMBS)
    happened: list[object] = [both.ws.receive()]
    both.start(happened.append, "others")
    happened += [both.ws.receive() for _ in range(9)]
    assert happened == [BOMBED[0], "others", *BOMBED[1:]]


@pytest.mark.parametrize("world", ["greenlets"], indirect=True)
def test_others_get_in_between_the_messages_of_one_read(both):
    """A handler may need long for thousands of them, and does not wait meanwhile."""
    both.peer.sock.sendall(client_frame(TEXT, b"x") * 200)
    happened: list[object] = []
    both.start(happened.append, "others")
    for _ in range(200):
        happened.append(both.ws.receive())
        time.sleep(0.0005)  # it computes
    assert "others" in happened


@pytest.mark.slow(reason="looks at all objects")
def test_a_closed_websocket_keeps_no_compression(make):
    """The application may keep the object for long."""
    before = contexts()
    both = make(deflate=DeflateParameters())
    both.peer.sock.sendall(BOMBS)
    both.ws.send(both.ws.receive())
    assert contexts() == before + 2
    both.peer.close()
    both.ws.close()
    assert contexts() == before


def contexts() -> int:
    """How many compression contexts there are."""
    gc.collect()
    holders = (
        each for each in gc.get_objects() if isinstance(each, Deflater | Inflater)
    )
    return len(list(holders))


def test_attributes_describe_the_connection(both):
    """Path, origin, protocol and version come from the upgrade request."""
    assert both.ws.path == "/café"
    assert both.ws.origin == "https://example.com"
    assert (both.ws.protocol, both.ws.version) == ("chat", 13)
    assert repr(both.ws) == "<WebSocket /café from 192.0.2.7, open>"


# Timeouts


def test_receive_returns_none_after_the_timeout(both):
    """And the message that comes later is not lost."""
    before = time.monotonic()
    assert both.ws.receive(timeout=SOON) is None
    assert time.monotonic() - before >= SOON * 0.9
    both.peer.send(TEXT, b"late")
    assert both.ws.receive(timeout=SECONDS) == "late"


def test_receive_without_patience_takes_what_is_there(both):
    """timeout=0 asks without waiting."""
    assert both.ws.receive(timeout=0) is None
    both.peer.send(TEXT, b"there")
    assert both.ws.receive(timeout=0) == "there"


def test_parts_of_a_message_do_not_prolong_the_timeout(make):
    """A peer that never ends its message does not hold its receiver."""
    both = make(
        read_ahead=client_frame(TEXT, fin=False),
        endless=client_frame(CONTINUATION, fin=False),
    )
    assert both.ws.receive(timeout=SOON) is None


def test_a_second_receiver_times_out_too(both):
    """Waiting for another receiver counts."""
    first = both.start(both.ws.receive)
    assert both.start(both.ws.receive, SOON).result() is None
    both.peer.send(TEXT, b"for the first")
    assert first.result() == "for the first"


# Several threads or greenlets


def test_one_receives_while_others_send(both):
    """Every message leaves whole."""
    receiver = both.start(both.ws.receive)
    senders = [
        both.start(lambda each=each: [both.ws.send(each * 5000) for _ in range(20)])
        for each in "abcd"
    ]
    payloads = [both.peer.frame().payload for _ in range(80)]
    for sender in senders:
        sender.result()
    assert sorted(set(payloads)) == [each * 5000 for each in (b"a", b"b", b"c", b"d")]
    both.peer.send(TEXT, b"done")
    assert receiver.result() == "done"


def test_close_ends_a_receive_elsewhere(both):
    """Whoever receives learns of it, with the peer's answer."""
    receiver = both.start(both.ws.receive)
    closer = both.start(both.ws.close, 1001, "bye")
    assert answer_close(both.peer) == close_payload(1001, "bye")
    closer.result()
    with pytest.raises(WebSocketClosed) as caught:
        receiver.result()
    assert caught.value.code == 1001


@pytest.mark.parametrize("timeout", [None, 60])
def test_close_ends_a_receive_elsewhere_even_if_the_peer_never_answers(both, timeout):
    """The receiver is woken up when the close times out."""
    both.ws.close_timeout = SOON
    receiver = both.start(both.ws.receive, timeout)
    both.start(both.ws.close).result()
    with pytest.raises(WebSocketClosed) as caught:
        receiver.result()
    assert caught.value.code == 1006


def test_close_frees_a_send_that_is_stuck(both):
    """The peer does not read: the sender gets WebSocketClosed."""
    both.ws.close_timeout = SOON
    sender = both.start(both.ws.send, MORE_THAN_THE_KERNEL_TAKES)
    assert both.peer.exactly(1)  # it has begun
    both.start(both.ws.close).result()
    with pytest.raises(WebSocketClosed) as caught:
        sender.result()
    assert caught.value.code == 1006


def test_a_ping_during_a_long_send_is_answered_after_it(both):
    """The receiver goes on meanwhile, and the connection stays."""
    sender = both.start(both.ws.send, MORE_THAN_THE_KERNEL_TAKES)
    first = both.peer.exactly(1)
    both.peer.send(PING, b"old")
    both.peer.send(PING, b"new")
    both.peer.send(TEXT, b"hello")
    assert both.start(both.ws.receive, SECONDS).result() == "hello"
    both.peer.exactly(9 + len(MORE_THAN_THE_KERNEL_TAKES))
    sender.result()
    assert first == b"\x82"
    assert both.peer.frame()[:2] == (PONG, b"new")


# Pings


def test_a_ping_is_answered_when_the_handler_receives(both):
    """Each with its own payload."""
    for payload in (b"", b"one", b"two"):
        both.peer.send(PING, payload)
    both.peer.send(TEXT, b"then")
    assert both.ws.receive() == "then"
    assert [both.peer.frame()[:2] for _ in range(3)] == [
        (PONG, b""),
        (PONG, b"one"),
        (PONG, b"two"),
    ]


def test_our_ping_leaves_and_its_pong_is_no_message(both):
    """A pong shows only in that receive goes on."""
    both.ws.ping(b"are you there")
    assert both.peer.frame()[:2] == (PING, b"are you there")
    both.peer.send(PONG, b"are you there")
    assert both.ws.receive(timeout=SOON) is None


# Closing


def test_the_peer_closes(both):
    """Its code and reason arrive, its Close is answered, then the connection ends."""
    both.peer.send(TEXT, b"last words")
    both.peer.send(CLOSE, close_payload(4000, "done"))
    assert both.ws.receive() == "last words"
    receiver = both.start(both.ws.receive)
    assert both.peer.frame()[:2] == (CLOSE, close_payload(4000))
    assert both.peer.ended()
    both.peer.close()
    with pytest.raises(WebSocketClosed) as caught:
        receiver.result()
    assert (caught.value.code, caught.value.reason) == (4000, "done")
    assert isinstance(caught.value, WebSocketError)
    assert both.ws.closed


def test_receive_learns_at_once_that_the_peer_has_closed(both):
    """Even if the peer leaves the TCP connection open; our direction has ended."""
    both.peer.send(CLOSE, close_payload(1001, "bye"))
    with pytest.raises(WebSocketClosed) as caught:
        both.start(both.ws.receive).result()
    assert (caught.value.code, caught.value.reason) == (1001, "bye")
    assert both.peer.frame()[:2] == (CLOSE, close_payload(1001))
    assert both.peer.ended()


def test_receive_learns_at_once_while_another_one_is_stuck_in_send(both):
    """The Close is answered after the message that is being sent."""
    sending = both.start(both.ws.send, MORE_THAN_THE_KERNEL_TAKES)
    both.peer.exactly(1)
    both.peer.send(CLOSE, close_payload(1000))
    with pytest.raises(WebSocketClosed):
        both.start(both.ws.receive).result()
    both.peer.exactly(9 + len(MORE_THAN_THE_KERNEL_TAKES))
    sending.result()
    assert both.peer.frame()[:2] == (CLOSE, close_payload(1000))
    assert both.peer.ended()


def test_a_close_that_does_not_wait_reaches_handler_and_peer(both):
    """The handler's `receive` ends with the peer's answer."""
    receiving = both.start(both.ws.receive)
    both.ws.begin_close(1012, "restart")
    frame = both.peer.frame()
    assert frame[:2] == (CLOSE, close_payload(1012, "restart"))
    both.peer.send(CLOSE, close_payload(1012))
    with pytest.raises(WebSocketClosed):
        receiving.result()
    with pytest.raises(WebSocketClosed):
        both.ws.send("too late")


def test_a_close_that_does_not_wait_follows_what_is_being_sent(both):
    """It never cuts a message in two, and does not wait for the peer to read it."""
    sending = both.start(both.ws.send, MORE_THAN_THE_KERNEL_TAKES)
    both.peer.exactly(1)
    both.ws.begin_close(1012, "")
    both.peer.exactly(9 + len(MORE_THAN_THE_KERNEL_TAKES))
    sending.result()
    assert both.peer.frame()[:2] == (CLOSE, close_payload(1012))


@pytest.mark.parametrize("trickle", [0, 100], ids=["nothing", "a little"])
def test_a_peer_that_does_not_read_ends_a_send(make, trickle):
    """`Limits.send_timeout` is for 64 KiB: a few bytes now and then do not help."""
    both = make(send_timeout=0.3)
    sending = both.start(both.ws.send, MORE_THAN_THE_KERNEL_TAKES)
    while trickle and not sending.done.wait(0.05):
        both.peer.exactly(trickle)
    with pytest.raises(WebSocketClosed) as caught:
        sending.result()
    assert caught.value.code == 1006
    with pytest.raises(WebSocketClosed):
        both.ws.send("more")


@pytest.mark.slow(reason="a peer reads for longer than `send_timeout`")
def test_a_peer_that_reads_slowly_gets_everything(make):
    """The whole message may take longer than `send_timeout`."""
    timeout = 4.0  # a busy machine may be late
    both = make(send_timeout=timeout)
    sending = both.start(both.ws.send, MORE_THAN_THE_KERNEL_TAKES)
    begun = time.monotonic()
    for _ in range(16):
        both.peer.exactly(2**19)
        sending.done.wait(1.2 * timeout / 16)
    assert time.monotonic() - begun > timeout
    both.peer.exactly(10)
    sending.result()


def test_a_close_without_a_code_is_1005(both):
    """RFC 6455 section 7.1.5."""
    both.peer.send(CLOSE)
    receiver = both.start(both.ws.receive)
    assert both.peer.frame()[:2] == (CLOSE, b"")
    both.peer.close()
    with pytest.raises(WebSocketClosed, match="1005"):
        receiver.result()


def test_we_close(both):
    """Code and reason leave; afterwards nothing can be sent or received."""
    closer = both.start(both.ws.close, 4001, "because")
    assert answer_close(both.peer) == close_payload(4001, "because")
    closer.result()
    assert both.ws.closed
    for use in (lambda: both.ws.send("x"), both.ws.receive, both.ws.ping):
        with pytest.raises(WebSocketClosed) as caught:
            use()
        assert caught.value.code == 4001


def test_messages_that_cross_our_close_are_dropped(both):
    """The answer to our Close is still found behind them."""
    crossing = client_frame(TEXT, b"crossing") * 100
    both.peer.sock.sendall(crossing + client_frame(CLOSE, close_payload(1000)))
    before = time.monotonic()
    closer = both.start(both.ws.close)
    assert both.peer.frame().opcode == CLOSE
    both.peer.close()
    closer.result()
    assert time.monotonic() - before < both.ws.close_timeout


@pytest.mark.parametrize("said", [b"", client_frame(TEXT)], ids=["mute", "talkative"])
def test_close_gives_up_when_the_peer_never_answers(make, said):
    """After close_timeout the connection is dropped, whatever the peer still says."""
    both = make(endless=said)
    both.ws.close_timeout = SOON
    both.start(both.ws.close).result()
    assert both.peer.frame().opcode == CLOSE
    assert both.peer.ended()
    with pytest.raises(WebSocketClosed, match="1006"):
        both.ws.receive()


def test_a_peer_that_never_hangs_up_is_dropped(make):
    """It has closed and goes on sending: not for ever."""
    both = make(endless=client_frame(CLOSE))
    both.ws.close_timeout = SOON
    with pytest.raises(WebSocketClosed, match="1005"):
        both.ws.receive()
    both.ws.close()
    assert both.peer.frame().opcode == CLOSE
    assert both.peer.ended()


def test_closing_twice_does_nothing(both):
    """The first code counts."""
    closer = both.start(both.ws.close, 4001)
    assert answer_close(both.peer) == close_payload(4001)
    closer.result()
    both.ws.close(4002)
    with pytest.raises(WebSocketClosed, match="4001"):
        both.ws.receive()


@pytest.mark.parametrize(("code", "reason"), [(1005, ""), (999, ""), (1000, "x" * 124)])
def test_an_invalid_close_changes_nothing(both, code, reason):
    """The caller gets ValueError, the connection goes on."""
    with pytest.raises(ValueError, match=r"code|reason"):
        both.ws.close(code, reason)
    both.ws.send("open")
    assert both.peer.frame().payload == b"open"


def test_a_vanished_peer_is_1006(both):
    """No Close frame, no reason."""
    both.peer.close()
    with pytest.raises(WebSocketClosed) as caught:
        both.ws.receive()
    assert (caught.value.code, caught.value.reason) == (1006, "")
    with pytest.raises(WebSocketClosed):
        both.ws.send("anybody?")


def test_sending_to_a_vanished_peer_is_1006(both):
    """The sender notices as well."""
    both.peer.close()
    with pytest.raises(WebSocketClosed, match="1006"):
        both.ws.send("anybody?")
    assert both.ws.closed


def test_a_broken_protocol_is_told_to_both(both):
    """The peer gets a Close with the code, the handler WebSocketClosed."""
    both.peer.send(TEXT, b"\xff")
    receiver = both.start(both.ws.receive)
    frame = both.peer.frame()
    assert (frame.opcode, frame.payload[:2]) == (CLOSE, close_payload(1007))
    both.peer.close()
    with pytest.raises(WebSocketClosed, match="1007"):
        receiver.result()


# Idioms


def test_iteration_gives_messages_until_the_end(both):
    """An empty one does not end it."""
    for payload in (b"one", b"", b"two"):
        both.peer.send(TEXT, payload)
    both.peer.close()
    assert list(both.ws) == ["one", "", "two"]


@pytest.mark.parametrize(("error", "code"), [(None, 1000), (KeyError("oops"), 1011)])
def test_leaving_a_with_block_closes(both, error, code):
    """Normally with 1000, because of an exception with 1011."""

    def use() -> None:
        with both.ws as websocket:
            websocket.send("inside")
            if error:
                raise error

    user = both.start(use)
    assert both.peer.frame().payload == b"inside"
    assert answer_close(both.peer) == close_payload(code)
    if error:
        with pytest.raises(KeyError):
            user.result()
    else:
        user.result()


def test_the_descriptor_is_closed_with_the_websocket(both):
    """Also when the peer had ended the connection before."""
    both.peer.close()
    assert list(both.ws) == []
    both.ws.close()
    assert both.sock.fileno() == -1
