"""Attacks that make the router keep what nobody takes."""

from __future__ import annotations

import json
from collections.abc import Iterator

from tests.attacks.app import REALM
from tests.attacks.attack import ROLES, Target, attack, calls
from tests.attacks.wire import (
    COMPRESSED,
    DEFLATE,
    FINAL,
    TEXT,
    Session,
    deflated,
    frame,
    upgrade,
)

MEGABYTE = "x" * 1_000_000
LONG_URI = "com." + "x" * 8_000


@attack()
def retained_events_in_one_write(target: Target) -> None:
    """Retains 30 events of 1 MB, and asks 400 times for all of them, in one write."""
    guest = target.join()
    for n in range(30):
        guest.send(
            [16, 1, {"acknowledge": True, "retain": True}, f"com.r.{n}", [MEGABYTE]]
        )
        guest.receive()
    options = {"match": "prefix", "get_retained": True}
    guest.send(*([32, n, options, "com.r"] for n in range(1, 401)))
    target.wait()


@attack()
def retained_small_events(target: Target) -> None:
    """Retains 10,000 small events, and asks 400 times for all of them, unread."""
    guest, reader = target.join(), target.join()
    topics = range(target.number(10_000))
    publish = guest.encoded(
        *([16, n + 1, {"retain": True}, f"com.r.{n}", [n]] for n in topics)
    )
    target.send([guest], lambda: iter([publish]))
    options = {"match": "prefix", "get_retained": True}
    reader.send(*([32, n, options, "com.r"] for n in range(1, 401)))
    target.wait()


@attack()
def compressed_bombs_for_the_router(target: Target) -> None:
    """Sends 64 times 1 kB that become 1 MB, on 1,000 websockets of the router."""
    event = json.dumps([16, 1, {}, "com.topic", [MEGABYTE]]).encode()
    bombs = 64 * frame(deflated(event), TEXT, flags=FINAL | COMPRESSED)
    request = upgrade("/", "wamp.2.json", DEFLATE)
    hello = frame(json.dumps([1, REALM, {"roles": ROLES}]).encode(), TEXT)
    for sock in target.upgraded(target.number(1_000), request):
        sock.sendall(hello + bombs)
    target.wait()


def flood_subscribers(target: Target, size: int, subscribers: int) -> None:
    """Publish to subscribers that do not read."""
    silent = target.guests(subscribers)
    for each in silent:
        each.send([32, 1, {}, "com.topic"])
    publisher = target.join()
    target.flood([publisher], publisher.encoded([16, 1, {}, "com.topic", ["x" * size]]))


@attack()
def large_events_to_silent_subscribers(target: Target) -> None:
    """Publishes events of 1 MB to 100 sessions that do not read."""
    flood_subscribers(target, 1_000_000, 100)


@attack()
def small_events_to_silent_subscribers(target: Target) -> None:
    """Publishes events of 100 bytes to 100 sessions that do not read."""
    flood_subscribers(target, 100, 100)


@attack()
def many_small_backlogs(target: Target) -> None:
    """Publishes events of 60 kB to 3,000 sessions that do not read."""
    flood_subscribers(target, 60_000, 3_000)


@attack()
def large_results_to_silent_callers(target: Target) -> None:
    """Has 100 sessions call for 1 MB, 100 times each, and none of them read."""
    for caller in target.guests(100):
        caller.send(*calls("com.slow.large", 100, 1_000_000))
    target.wait()


@attack()
def large_routed_results_to_silent_callers(target: Target) -> None:
    """Answers 2,000 calls of 100 sessions that do not read with 1 MB each."""
    callee = target.join()
    callee.send([64, 1, {}, "com.own"])
    callee.receive()
    for caller in target.guests(100):
        caller.send(*calls("com.own", 20))
    answers = (callee.encoded([70, n, {}, [MEGABYTE]]) for n in range(1, 2_001))
    target.send([callee], lambda: answers)


@attack()
def progressive_results_to_a_silent_caller(target: Target) -> None:
    """Answers a call with progressive results of 100 kB without end; nobody reads."""
    callee, caller = target.join(), target.join()
    callee.send([64, 1, {}, "com.own"])
    callee.receive()
    caller.send([48, 1, {"receive_progress": True}, "com.own"])
    request = callee.receive()[1]
    chunk = callee.encoded([70, request, {"progress": True}, ["x" * 100_000]])
    target.flood([callee], chunk)


@attack()
def unread_answers(target: Target) -> None:
    """Has 50 sessions publish and subscribe without end, and reads no answer."""
    guests = target.guests(50)
    subscribe = guests[0].encoded(
        [32, 1, {}, "com.topic"], [16, 1, {"acknowledge": True}, "com.a"]
    )
    target.flood(guests, 50 * subscribe, reading=False)


@attack()
def calls_that_wait_for_workers(target: Target) -> None:
    """Makes 1,500 calls with 1 MB each to a procedure that sleeps."""
    guests = target.guests(10)
    call = guests[0].payload([48, 1, {}, "com.slow.sleep", [3600, MEGABYTE]])

    def chunks() -> Iterator[bytes]:
        for n in range(1, 151):
            yield guests[0].framed(call.replace(b"[48, 1,", b"[48, %d," % n, 1))

    target.send(guests, chunks)
    target.wait()


@attack()
def calls_under_way(target: Target) -> None:
    """Makes 600 calls with 1 MB each to a callee that never answers, and leaves."""
    callee, caller = target.join(), target.join()
    callee.send([64, 1, {}, "com.own"])
    callee.receive()
    call = caller.payload([48, 1, {}, "com.own", [MEGABYTE]])
    parts = (
        caller.framed(call.replace(b"[48, 1,", b"[48, %d," % n, 1))
        for n in range(1, target.number(600) + 1)
    )
    target.send([caller], lambda: parts)
    caller.sock.close()
    target.wait()


@attack()
def calls_with_long_uris(target: Target) -> None:
    """Has 20,000 calls under way, to URIs of 8,000 characters."""
    callee, caller = target.join(), target.join()
    callee.send([64, 1, {"match": "prefix"}, "com.x"])
    callee.receive()
    for first in range(1, target.number(20_000), 100):
        caller.send(*([48, n, {}, LONG_URI] for n in range(first, first + 100)))
    target.wait()


@attack()
def testaments(target: Target) -> None:
    """Leaves testaments of 1 MB with 500 sessions, which end together."""
    for guest in target.guests(500):
        add = [48, 1, {}, "wamp.session.add_testament", ["com.t", [MEGABYTE], {}]]
        guest.send(add)
        guest.answer(1)


@attack()
def event_history(target: Target) -> None:
    """Publishes events of 100 kB into a history, and reads it without end."""
    guest = target.join()
    event = guest.encoded([16, 1, {}, "com.kept.a", ["x" * 100_000]])
    target.send([guest], lambda: iter([200 * event]))
    guest.sock.setblocking(True)
    guest = target.join()
    guest.send([32, 1, {"match": "prefix"}, "com.kept."])
    subscription = guest.receive()[2]
    get = guest.encoded([48, 1, {}, "wamp.subscription.get_events", [subscription]])
    target.flood([guest], 20 * get, reading=False)


@attack()
def large_hellos(target: Target) -> None:
    """Joins with 500 sessions whose HELLO has 1 MB of details."""
    details = {"roles": {"caller": {}}, "authextra": {"x": MEGABYTE[:900_000]}}
    hello = [1, "realm1", {**details, "agent": "x" * 90_000}]
    for session in target.attached(target.number(500)):
        session.send(hello)
        session.receive()


def subscribe_to_long_uris(session: Session, code: int) -> Iterator[bytes]:
    """Ten thousand requests, each with a URI of its own."""
    for n in range(1, 10_001):
        message = json.dumps([code, n, {}, f"{LONG_URI}.{n}"])
        yield session.framed(message.encode())


@attack()
def subscriptions_to_long_uris(target: Target) -> None:
    """Subscribes 4 sessions to 10,000 topics of 8,000 characters each, and leaves."""
    guests = target.guests(40)[:4]
    target.send(guests, lambda: subscribe_to_long_uris(guests[0], 32))


@attack()
def registrations_of_long_uris(target: Target) -> None:
    """Registers 10,000 procedures with 8,000 characters each, and leaves."""
    guest = target.join()
    target.send([guest], lambda: subscribe_to_long_uris(guest, 64))


@attack()
def silent_sessions(target: Target) -> None:
    """Opens 3,000 sessions that do nothing more."""
    target.guests(3_000)


@attack()
def half_messages(target: Target) -> None:
    """Sends 1 MB of a message on each of 500 websockets, and never its end."""
    guests = target.guests(500)
    payload = guests[0].encoded([16, 1, {}, "com.topic", [MEGABYTE]])
    target.send(guests, lambda: iter([payload[:-1]]))
    target.wait()


@attack()
def half_messages_of_clients_that_leave(target: Target) -> None:
    """Sends 1 MB of a message on 500 websockets, one after the other, and leaves."""
    for _ in range(target.number(500)):
        guest = target.join()
        guest.sock.sendall(guest.encoded([16, 1, {}, "com.topic", [MEGABYTE]])[:-1])
        guest.sock.close()


@attack()
def half_fragments(target: Target) -> None:
    """Sends messages in fragments of one byte, without end, on 20 websockets."""
    guests = target.guests(200)[:20]
    first, rest = b"\x01\x81\0\0\0\0[", b"\x00\x81\0\0\0\0 "
    for guest in guests:
        guest.sock.sendall(first)
    target.flood(guests, 10_000 * rest)
