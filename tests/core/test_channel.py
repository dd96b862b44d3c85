"""Connections driven by the loop: one send per turn, bounded outboxes, clean ends."""

from __future__ import annotations

import socket
import struct
import time
from itertools import count

import gevent
import pytest

from tests.core.wire import CLOSE, PING, PONG, TEXT, client_frame
from tests.core.worlds import LOOP_WORLDS, SECONDS, LoopWorld, Peer, tcp_pair
from wsocket.core.net.limits import Limits
from wsocket.core.net.outbox import Droppable
from wsocket.core.websocket.frames import encode_frame
from wsocket.core.websocket.on_loop import WebSocketStream
from wsocket.core.websocket.protocol import WebSocketProtocol

LARGE = 50_000  # bytes of a payload; a few of them fill the kernel's buffer
NUMBER = 8  # bytes at the beginning of a large payload that tell it apart


# Where Linux's struct tcp_info has tcpi_data_segs_out.
DATA_SEGMENTS_SENT = 156


class Recorder:
    """A receiver that keeps what it gets; *react* is called with every message."""

    def __init__(self, world, react=None) -> None:
        self.messages = []
        self.ends = []
        self.ended = world.event()
        self._react = react

    def message_received(self, message) -> None:
        self.messages.append(message)
        if self._react is not None:
            self._react(message)

    def lost(self, code: int, reason: str) -> None:
        self.ends.append((code, reason))
        self.ended.set()


class Line:
    """A websocket on the loop and its peer; over TCP, sends can be counted."""

    def __init__(
        self,
        on: LoopWorld,
        *,
        limits=None,
        react=None,
        read_ahead=b"",
        on_end=None,
        tcp=False,
    ) -> None:
        self.on = on
        self.sock, theirs = tcp_pair() if tcp else socket.socketpair()
        self.peer = Peer(on.world.socket_class(fileno=theirs.detach()))
        self.receiver = Recorder(on.world, react)
        protocol = WebSocketProtocol(max_message_size=2**20)
        self.stream = WebSocketStream(
            on.loop,
            self.sock,
            protocol,
            limits=limits or Limits(close_timeout=0.2),
            on_end=on_end,
        )
        on.run(self.stream.open, self.receiver, read_ahead)

    def write(self, *frames: bytes) -> None:
        """Write *frames* in one turn of the loop, and wait until the turn is over."""
        self.on.run(lambda: [self.stream.write(frame) for frame in frames])
        self.on.run(lambda: True)

    @property
    def sends(self) -> int:
        """How many small sends there were, by the kernel's count."""
        size = DATA_SEGMENTS_SENT + 4
        info = self.sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, size)
        (sent,) = struct.unpack_from("=I", info, DATA_SEGMENTS_SENT)
        return sent

    def end(self) -> tuple[int, str]:
        """What the receiver was told at the end of the connection."""
        assert self.receiver.ended.wait(SECONDS)
        assert len(self.receiver.ends) == 1
        return self.receiver.ends[0]

    def wait_until_closed(self) -> None:
        """The receiver may be told before the TCP connection is over."""
        deadline = time.monotonic() + SECONDS
        while self.on.run(self.sock.fileno) != -1:
            assert time.monotonic() < deadline

    def texts(self, number: int) -> list[bytes]:
        """The payloads of that many frames."""
        return [self.peer.frame().payload for _ in range(number)]


def text(payload: bytes | str) -> bytes:
    return encode_frame(
        TEXT, payload if isinstance(payload, bytes) else payload.encode()
    )


def large(number: int) -> bytes:
    return text(b"%08d" % number + bytes(LARGE))


@pytest.fixture(scope="module", params=LOOP_WORLDS.values(), ids=list(LOOP_WORLDS))
def on(request) -> LoopWorld:
    return LoopWorld(current_hub=request.param)


@pytest.fixture
def make(on):
    lines = []

    def make_one(**how) -> Line:
        lines.append(Line(on, **how))
        return lines[-1]

    yield make_one
    for line in lines:
        on.run(line.stream.drop)
        line.peer.close()


@pytest.fixture
def line(make) -> Line:
    return make()


# Writing


def test_what_is_written_in_one_turn_is_one_send(make):
    """In the order of the writes."""
    line = make(tcp=True)
    line.write(*[text(str(number)) for number in range(100)])
    assert line.texts(100) == [str(number).encode() for number in range(100)]
    assert line.sends == 1


def test_messages_of_one_turn_are_forwarded_in_one_send(on, make):
    """Two peers speak at once: who hears both gets them in one send."""
    hearer = make(tcp=True)
    speakers = [
        make(react=lambda message: hearer.stream.write(text(message))) for _ in range(2)
    ]

    said = client_frame(TEXT, b"one") + client_frame(TEXT, b"two")
    on.run(lambda: [speaker.peer.sock.send(said) for speaker in speakers])
    assert sorted(hearer.texts(4)) == [b"one", b"one", b"two", b"two"]
    assert hearer.sends == 1


def sends_seen(on, make, *, speakers: int, messages: int, hearers: int) -> list[int]:
    """How often the first hearer was sent something, at each message and at the end.

    Speakers speak at once, and every hearer hears every message.
    """
    hearing = [make(tcp=True) for _ in range(hearers)]
    seen = []

    def forward(message: str) -> None:
        seen.append(hearing[0].sends)
        for hearer in hearing:
            hearer.stream.write(text(message))

    speaking = [make(react=forward) for _ in range(speakers)]
    said = b"".join(client_frame(TEXT, b"%d" % each) for each in range(messages))
    on.run(lambda: [speaker.peer.sock.send(said) for speaker in speaking])
    for hearer in hearing:
        heard = hearer.texts(speakers * messages)
        assert heard == speakers * [b"%d" % each for each in range(messages)]
    return [*seen, hearing[0].sends]


def test_a_long_burst_leaves_in_two_halves(on, make):
    """Who hears it is at work on the first while the second is handled."""
    seen = sends_seen(on, make, speakers=1, messages=16, hearers=1)
    assert seen == [0] * 8 + [1] * 8 + [2]


def test_a_short_burst_leaves_in_one_send(on, make):
    """Half of it is not worth a send."""
    seen = sends_seen(on, make, speakers=1, messages=15, hearers=1)
    assert seen == [0] * 15 + [1]


def test_a_burst_for_many_leaves_in_one_send_to_each(on, make):
    """Half of it would cost one more for every one of them."""
    seen = sends_seen(on, make, speakers=1, messages=16, hearers=2)
    assert seen == [0] * 16 + [1]


def test_a_burst_waits_for_the_next_that_is_there(on, make):
    """Nothing leaves while another peer waits to be heard."""
    seen = sends_seen(on, make, speakers=2, messages=16, hearers=1)
    assert seen == [0] * 24 + [1] * 8 + [2]


def test_a_connection_that_breaks_amid_a_burst_is_over(on, make):
    """The messages of the second half are not handled any more."""
    line = make(react=lambda message: line.stream.write(text(message)))
    said = b"".join(client_frame(TEXT, b"%d" % each) for each in range(16))

    def speak_and_break_off() -> None:
        line.peer.sock.send(said)
        line.peer.close()

    on.run(speak_and_break_off)
    assert line.end() == (1006, "")
    assert line.receiver.messages == [str(each) for each in range(8)]


def test_an_answer_that_the_kernel_takes_in_part_arrives_whole(on, make):
    """What was written after it stays behind it."""

    def answer(message: str) -> None:
        line.stream.write(b"".join(map(large, range(40))))
        line.stream.write(text(message))

    line = make(react=answer)
    line.peer.send(TEXT, b"said")
    numbers = [int(payload[:NUMBER]) for payload in line.texts(40)]
    assert numbers == list(range(40))
    assert line.texts(1) == [b"said"]


def test_an_answer_for_a_full_connection_stays_behind_what_waits(on, make):
    """It does not overtake."""
    hearer = make()
    hearer.write(*map(large, range(40)))
    line = make(react=lambda message: hearer.stream.write(text(message)))
    line.peer.send(TEXT, b"said")
    line.peer.send(PING, b"handled?")
    line.peer.frame()
    numbers = [int(payload[:NUMBER]) for payload in hearer.texts(40)]
    assert numbers == list(range(40))
    assert hearer.texts(1) == [b"said"]


def test_a_connection_whose_end_fails_keeps_nobody_from_sending(on, make, caplog):
    """What is written to others in the same turn is sent."""

    def fail(stream: WebSocketStream) -> None:
        raise KeyError("oops")

    broken, sound = make(on_end=fail), make()
    on.run(broken.sock.shutdown, socket.SHUT_WR)  # a send fails from now on
    on.run(lambda: [each.stream.write(text("said")) for each in (broken, sound)])
    assert sound.texts(1) == [b"said"]
    assert broken.end() == (1006, "")
    assert "oops" in caplog.text


def test_whoever_writes_to_a_broken_connection_finishes_first(on, make):
    """The connection's end may change what the writer is going through."""
    hearer = make()
    ends = []

    def forward(message: str) -> None:
        hearer.stream.write(text(message))
        ends.extend(hearer.receiver.ends)

    on.run(hearer.sock.shutdown, socket.SHUT_WR)  # a send fails from now on
    make(react=forward).peer.send(TEXT, b"said")
    assert hearer.end() == (1006, "")
    assert ends == []


def test_writes_of_greenlets_and_callbacks_keep_their_order(on, line):
    """Whoever writes on the loop: what is written first leaves first."""
    number = count()

    def write() -> None:
        line.stream.write(text(str(next(number))))

    def several() -> None:
        gevent.spawn_raw(write)
        on.loop.call_soon(write)
        gevent.spawn_raw(on.loop.call_soon, write)
        write()

    for _ in range(25):
        on.loop.call_soon(several)
    assert line.texts(100) == [str(each).encode() for each in range(100)]


def test_what_a_greenlet_writes_leaves_without_another_event(on, line):
    """The flush does not wait for the next readiness of any socket."""

    def later() -> None:
        gevent.sleep(0.01)
        line.stream.write(text("from a greenlet"))

    on.run(gevent.spawn_raw, later)
    assert line.texts(1) == [b"from a greenlet"]


def test_partial_writes_arrive_whole_and_in_order(line):
    """The kernel takes what it can, the rest waits; later frames stay behind it."""
    line.write(*map(large, range(20)))
    line.write(*map(large, range(20, 40)))
    numbers = [int(payload[:NUMBER]) for payload in line.texts(40)]
    assert numbers == list(range(40))
    line.write(text("short"))
    assert line.texts(1) == [b"short"]


def test_a_frame_larger_than_the_kernels_buffer_arrives(line):
    """In many parts."""
    line.write(text(b"x" * 2**23))
    assert line.peer.frame().payload == b"x" * 2**23


def in_parts(number: int) -> tuple[bytes, ...]:
    """A frame in three parts, the header with the beginning of the payload first."""
    frame = memoryview(large(number))
    return bytes(frame[:7]), frame[7:-4], frame[-4:]


def test_a_frame_in_parts_arrives_whole_between_others(line):
    """None of it is joined with others if that would be to copy much."""
    line.write(text("before"), in_parts(1), text("between"), in_parts(2), text("after"))
    payloads = line.texts(5)
    assert payloads[::2] == [b"before", b"between", b"after"]
    assert [int(payload[:NUMBER]) for payload in payloads[1::2]] == [1, 2]
    assert [len(payload) for payload in payloads[1::2]] == [NUMBER + LARGE] * 2


def test_frames_in_parts_wait_like_others(line):
    """While the kernel does not take more, and behind those that came before."""
    line.write(*map(large, range(10)), *map(in_parts, range(10, 20)))
    line.write(*map(in_parts, range(20, 30)), *map(large, range(30, 40)))
    numbers = [int(payload[:NUMBER]) for payload in line.texts(40)]
    assert numbers == list(range(40))


def test_a_frame_in_parts_may_be_the_last(line):
    """What is written before the end arrives before the end."""
    line.on.run(lambda: (line.stream.write(in_parts(1)), line.stream.close_sending()))
    assert int(line.texts(1)[0][:NUMBER]) == 1
    assert line.peer.ended()


def test_a_frame_in_parts_for_a_broken_connection_is_lost(line):
    """And the receiver is told."""
    line.peer.close()
    line.write(in_parts(1))
    assert line.end() == (1006, "")


def test_too_many_frames_in_parts_end_the_connection(make):
    """They count like others: who does not read them is dropped."""
    line = make(limits=Limits(outbox_bytes=2**20))
    line.write(*map(in_parts, range(40)))
    assert line.end() == (1006, "")


# Slow receivers


def test_the_oldest_droppable_frames_are_dropped_and_counted(on, make):
    """Who reads again gets the newest, and every reply between them."""
    line = make(limits=Limits(outbox_messages=10))
    for number in range(0, 100, 2):
        line.write(Droppable(large(number)), Droppable(large(number + 1)))
    line.write(text("reply"))
    total = 100 - on.run(lambda: line.stream.dropped)
    heard = [int(payload[:NUMBER]) for payload in line.texts(total)]
    assert line.texts(1) == [b"reply"]
    gap = next(place for place in range(total) if heard[place] != place)
    assert heard[:gap] == list(range(gap))
    assert heard[gap:] == list(range(100 - (total - gap), 100))
    assert 0 < total < 30


def test_bytes_are_limited_too(on, make):
    """A few large frames may be too much."""
    line = make(limits=Limits(outbox_bytes=4 * LARGE))
    line.write(*[Droppable(large(number)) for number in range(50)])
    dropped = on.run(lambda: line.stream.dropped)
    assert 30 < dropped < 50
    heard = [int(payload[:NUMBER]) for payload in line.texts(50 - dropped)]
    assert heard[-3:] == [47, 48, 49]


def test_a_reply_is_never_dropped_but_the_connection(make, caplog):
    """The log says why; the peer sees the connection end."""
    line = make(limits=Limits(outbox_messages=10))
    line.write(*map(large, range(50)))
    assert line.end() == (1006, "")
    assert line.stream.dropped == 0
    assert "does not read" in caplog.text
    with pytest.raises((EOFError, ConnectionResetError)):
        line.texts(50)


def test_replies_push_out_events_before_they_end_the_connection(on, make):
    """Only what may be dropped is dropped, wherever it stands in the line."""
    line = make(limits=Limits(outbox_messages=12))
    line.write(*map(large, range(8)))
    line.write(*[Droppable(text(f"event {number}")) for number in range(12)])
    line.write(text("first reply"), text("second reply"))
    dropped = on.run(lambda: line.stream.dropped)
    heard = line.texts(22 - dropped)
    assert [int(payload[:NUMBER]) for payload in heard[:8]] == list(range(8))
    assert heard[8:-2] == [b"event %d" % number for number in range(dropped, 12)]
    assert heard[-2:] == [b"first reply", b"second reply"]
    assert dropped > 0


def test_a_stalled_receiver_delays_nobody(make):
    """Its backlog waits; others get theirs at once."""
    stalled, reading = make(), make(tcp=True)
    stalled.write(*map(large, range(100)))
    for number in range(10):
        reading.write(text(str(number)))
        stalled.write(text("one more"))
    assert reading.texts(10) == [str(number).encode() for number in range(10)]
    assert reading.sends == 10


# Reading


def test_messages_reach_the_receiver(line):
    """Text as str, binary as bytes, a ping is answered."""
    line.peer.send(TEXT, "é".encode())
    line.peer.send(2, b"\xff")
    line.peer.send(PING, b"there?")
    assert line.peer.frame()[:2] == (PONG, b"there?")
    assert line.receiver.messages == ["é", b"\xff"]


def test_bytes_read_ahead_come_first(make):
    """What the server had read after the request is not lost."""
    whole = client_frame(TEXT, b"first") + client_frame(TEXT, b"second")
    line = make(read_ahead=whole[:-3])
    line.peer.sock.sendall(whole[-3:] + client_frame(PING))
    assert line.peer.frame().opcode == PONG
    assert line.receiver.messages == ["first", "second"]


def test_a_receiver_that_fails_loses_only_its_connection(make, caplog):
    """Close 1011 for its peer, the exception for the log, nothing for the others."""

    def fail(message) -> None:
        raise KeyError("oops")

    broken, sound = make(react=fail), make()
    broken.peer.send(TEXT, b"bang")
    assert broken.peer.frame()[:2] == (
        CLOSE,
        (1011).to_bytes(2, "big") + b"internal error",
    )
    sound.peer.send(PING)
    assert sound.peer.frame().opcode == PONG
    assert "oops" in caplog.text


def test_a_receiver_that_fails_at_the_end_is_logged(on, make, caplog):
    """The loop goes on."""
    line = make()

    def fail(code: int, reason: str) -> None:
        raise KeyError("oops")

    line.receiver.lost = fail
    on.run(line.stream.drop)
    assert on.run(lambda: "alive") == "alive"
    assert "oops" in caplog.text


@pytest.mark.parametrize("how", ["drop", "close"])
def test_nothing_is_received_after_we_end_the_connection(make, how):
    """Not even what came in the same segment."""
    line = make(react=lambda message: getattr(line.stream, how)())
    line.peer.sock.sendall(client_frame(TEXT, b"one") + client_frame(TEXT, b"two"))
    line.end()
    assert line.receiver.messages == ["one"]


# Ends


def close_payload(code: int, reason: str = "") -> bytes:
    return code.to_bytes(2, "big") + reason.encode()


def test_the_peer_closes(line):
    """Its Close is answered after what was written before; its reason is passed on."""
    line.write(text("before"))
    line.peer.send(CLOSE, close_payload(4000, "done"))
    assert line.texts(1) == [b"before"]
    assert line.peer.frame()[:2] == (CLOSE, close_payload(4000))
    assert line.peer.ended()
    line.peer.close()
    assert line.end() == (4000, "done")
    line.wait_until_closed()


def test_we_close(on, line):
    """The peer's answer ends the connection with our code."""
    on.run(line.stream.close, 4001, "because")
    assert line.peer.frame()[:2] == (CLOSE, close_payload(4001, "because"))
    line.peer.send(CLOSE, close_payload(4001))
    assert line.peer.ended()
    line.peer.close()
    assert line.end()[0] == 4001


def test_nothing_follows_the_close_frame(on, line):
    """Whether we closed or the peer did, later writes are ignored."""

    def close() -> None:
        line.stream.write(text("before"))
        line.stream.close()
        line.stream.write(text("after"))

    on.run(close)
    line.write(text("much later"))
    assert line.texts(1) == [b"before"]
    assert line.peer.frame().opcode == CLOSE
    line.peer.send(CLOSE, close_payload(1000))
    line.write(text("too late"))
    assert line.peer.ended()


def test_nothing_follows_our_answer_to_a_close(on, line):
    """Also while the peer takes its time to end the TCP connection."""
    line.peer.send(CLOSE, close_payload(1000))
    assert line.peer.frame().opcode == CLOSE
    line.write(text("too late"))
    assert line.peer.ended()


def test_a_close_waits_behind_the_backlog(line):
    """The peer gets everything, then the Close, then the end."""
    line.write(*map(large, range(30)))
    line.peer.send(CLOSE, close_payload(1000))
    assert len(line.texts(30)) == 30
    assert line.peer.frame().opcode == CLOSE
    assert line.peer.ended()


def test_a_peer_that_never_answers_is_dropped(on, line):
    """After close_timeout."""
    on.run(line.stream.close)
    assert line.end() == (1006, "")
    assert line.peer.frame().opcode == CLOSE
    assert line.peer.ended()


def test_a_peer_that_never_hangs_up_is_dropped(line):
    """It has closed, and keeps the TCP connection: not for ever."""
    line.peer.send(CLOSE, close_payload(1000))
    assert line.end() == (1000, "")


def test_an_invalid_close_changes_nothing(on, line):
    """The caller gets ValueError, the connection goes on."""
    caught = []

    def close() -> None:
        try:
            line.stream.close(1005)
        except ValueError as error:
            caught.append(error)

    on.run(close)
    assert len(caught) == 1
    line.write(text("open"))
    assert line.texts(1) == [b"open"]


def test_a_vanished_peer_is_1006(line):
    """No Close frame, no reason; the descriptor is closed."""
    line.peer.close()
    assert line.end() == (1006, "")
    assert line.sock.fileno() == -1
    line.write(text("anybody?"))


def test_a_broken_protocol_is_told_to_both(line):
    """The peer gets a Close with the code, the receiver the same."""
    line.peer.sock.sendall(b"\x81\x05hello")
    frame = line.peer.frame()
    assert (frame.opcode, frame.payload[:2]) == (CLOSE, close_payload(1002))
    assert line.peer.ended()
    line.peer.close()
    assert line.end()[0] == 1002


def test_drop_ends_the_connection_without_a_close(on, line):
    """At once; twice is once."""
    on.run(line.stream.drop)
    on.run(line.stream.drop)
    assert line.end() == (1006, "")
    assert line.peer.ended()
