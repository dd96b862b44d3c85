"""More attacks that make the server keep what nobody takes, or what it is slow with."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from itertools import count

from tests.attacks.attack import Target, attack, calls
from tests.attacks.kinds.http import HEAD, opened
from tests.attacks.kinds.longpoll import ask, join
from tests.attacks.wire import Session, post

MEGABYTE = "x" * 1_000_000


@attack()
def large_calls_of_silent_callers(target: Target) -> None:
    """Has 100 sessions call with 1 MB, which comes back, and none of them read."""
    guests = target.guests(100)
    call = guests[0].payload([48, 1, {}, "com.quick.echo", [MEGABYTE]])

    def chunks() -> Iterator[bytes]:
        for n in count(1):
            yield guests[0].framed(call.replace(b"[48, 1,", b"[48, %d," % n, 1))

    target.flood_each({guest: chunks() for guest in guests}, reading=False)


@attack()
def large_results_for_each_serializer(target: Target) -> None:
    """Has 25 sessions of each serializer call for 1 MB, and none of them read."""
    for serializer in ("json", "msgpack", "cbor", "ubjson"):
        for caller in target.guests(25, serializer):
            caller.send(*calls("com.slow.large", 50, 1_000_000))
    target.wait()


@attack()
def huge_results_to_silent_callers(target: Target) -> None:
    """Has 64 sessions call for 10 MB, and none of them read."""
    for caller in target.guests(64):
        caller.send(*calls("com.slow.large", 2, 10_000_000))
    target.wait()


@attack()
def unread_large_generators(target: Target) -> None:
    """Calls 64 generators of a million progressive results, each from a session."""
    for caller in target.guests(64):
        caller.send(*calls("com.slow.count", 20, 1_000_000, receive_progress=True))
    target.wait()


@attack("asking")
def small_messages_for_a_slow_authorizer(target: Target) -> None:
    """Has 1,000 sessions ask a slow authorizer for thousands of small messages."""
    guests = target.guests(1_000)
    publishes = 2_000 * guests[0].encoded([16, 1, {}, "a.b"])
    target.flood(guests, publishes)


@attack()
def small_messages_in_one_write(target: Target) -> None:
    """Sends 4,000 tiny messages at once on each of 1,000 sessions, without end."""
    guests = target.guests(1_000, "msgpack")
    target.flood(guests, 4_000 * guests[0].encoded([49, 1, {}]))


@attack()
def polls_that_nobody_reads(target: Target) -> None:
    """Has 150 long polls answered with events of 1 MB, and reads no answer."""
    subscribe = json.dumps([32, 1, {}, "com.topic"]).encode()
    for _ in range(target.number(150)):
        sock = target.connect()
        path = join(target, sock)
        ask(target, sock, f"{path}/send", subscribe)
        ask(target, sock, f"{path}/receive")
        sock.sendall(post(f"{path}/receive", b""))
    publisher = target.join()
    event = publisher.encoded([16, 1, {}, "com.topic", [MEGABYTE]])
    target.flood([publisher], event)


@attack()
def small_responses_that_nobody_reads(target: Target) -> None:
    """Asks for 200 kB again and again on 1,000 connections, and does not read."""
    request = HEAD.replace(b" / ", b" /small-download ") + b"\r\n"
    opened(target, 1_000, 30 * request)
    target.wait()


@attack()
def generated_responses_that_nobody_reads(target: Target) -> None:
    """Asks for a generator of pieces of 1 MB on 200 connections, and does not read."""
    opened(target, 200, HEAD.replace(b" / ", b" /generated ") + b"\r\n")
    target.wait()


@attack("asking")
def long_lists_for_a_slow_authorizer(target: Target) -> None:
    """Has 100 sessions ask a slow authorizer for PUBLISHes with 200,000 receivers."""
    options = {"eligible_authid": ["x"] * 200_000}
    guests = target.guests(100)
    publish = guests[0].encoded([16, 1, options, "com.topic"])
    target.flood(guests, publish)


@attack("asking")
def questions_of_many_sessions(target: Target) -> None:
    """Has 400 sessions ask a slow authorizer for one message of 1 MB each."""
    guests = target.guests(400)
    once(target, guests, guests[0].encoded([16, 1, {}, "com.topic", [MEGABYTE]]))


@attack()
def batches_in_many_sessions(target: Target) -> None:
    """Sends 1 MB of tiny messages in one frame, on each of 30 sessions."""
    guests = target.guests(30, "json.batched")
    once(target, guests, guests[0].framed(b"[49,1,{}]\x1e" * 100_000))


@attack()
def binary_batches_in_many_sessions(target: Target) -> None:
    """The same in MessagePack, where each message takes 8 bytes of it."""
    guests = target.guests(30, "msgpack.batched")
    message = b"\0\0\0\4\x93\x31\1\x80"
    once(target, guests, guests[0].framed(message * 130_000))


def once(target: Target, guests: Sequence[Session], data: bytes) -> None:
    """Send the same on each session, and then nothing."""
    for guest in guests:
        guest.sock.sendall(data)
    target.wait()
