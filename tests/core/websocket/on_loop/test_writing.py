"""What is written in a turn of the loop leaves in one send, whole and in order."""

from __future__ import annotations

import socket
from itertools import count

import gevent

from tests.core.websocket.on_loop.conftest import LARGE, NUMBER, large, text
from tests.core.wire import PING, TEXT, client_frame
from tests.core.worlds import SECONDS
from wsocket.core.net.limits import Limits
from wsocket.core.websocket.on_loop import WebSocketStream

# However busy the machine is: a turn does not end in the midst of what was read.
IN_ONE_TURN = Limits(turn=SECONDS)


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
        make(
            react=lambda message: hearer.stream.write(text(message)), limits=IN_ONE_TURN
        )
        for _ in range(2)
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

    speaking = [make(react=forward, limits=IN_ONE_TURN) for _ in range(speakers)]
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
    line = make(
        react=lambda message: line.stream.write(text(message)), limits=IN_ONE_TURN
    )
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
    make(react=forward, limits=IN_ONE_TURN).peer.send(TEXT, b"said")
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
