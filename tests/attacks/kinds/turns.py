"""Attacks with requests that take the loop long, or come without end."""

from __future__ import annotations

import json
from itertools import count

from tests.attacks.attack import Target, attack, calls
from tests.attacks.wire import PING, frame

TEN_THOUSAND = 10_000


@attack()
def batch_of_50_000_messages(target: Target) -> None:
    """Sends 50,000 messages in one frame, again and again."""
    guest = target.join("json.batched")
    events = b'[16,1,{},"a.b"]\x1e' * 50_000
    target.flood([guest], guest.framed(events))


@attack()
def publishes(target: Target) -> None:
    """Publishes without end, from 20 sessions, to one topic with 20 subscribers."""
    guests = [target.join() for _ in range(20)]
    for guest in guests:
        guest.send([32, 1, {}, "com.topic"])
    target.flood(guests, 500 * guests[0].encoded([16, 1, {}, "com.topic", ["hello"]]))


@attack()
def events_to_5_000_subscribers(target: Target) -> None:
    """Publishes events of 10 kB to 5,000 sessions that do not read."""
    for guest in target.guests(5_000):
        guest.send([32, 1, {}, "com.topic"])
    publisher = target.join()
    event = publisher.encoded([16, 1, {}, "com.topic", ["x" * 10_000]])
    target.flood([publisher], event)


@attack()
def long_lists_of_receivers(target: Target) -> None:
    """Publishes with 10,000 IDs in `eligible` and `exclude`, to 500 subscribers."""
    guests = target.guests(500)
    for guest in guests:
        guest.send([32, 1, {}, "com.topic"])
    ids = list(range(1, TEN_THOUSAND + 1))
    names = [f"somebody{n}" for n in ids]
    options = {
        **{"eligible": [*ids, *(guest.id for guest in guests)], "exclude": ids},
        **{"exclude_authid": names, "exclude_authrole": names},
    }
    target.flood(guests[:1], guests[0].encoded([16, 1, options, "com.topic"]))


@attack()
def subscriptions_by_the_ten_thousand(target: Target) -> None:
    """Subscribes 5 sessions to 10,000 topics each; then all leave at once."""
    guests = [target.join() for _ in range(5)]
    topics = range(1, target.number(TEN_THOUSAND) + 1)
    chunks = [guests[0].encoded([32, n, {}, f"com.topic.t{n}"]) for n in topics]
    target.send(guests, lambda: iter(chunks))
    for guest in guests:
        guest.sock.close()
    target.wait()


@attack()
def registrations_by_the_ten_thousand(target: Target) -> None:
    """Registers 10,000 procedures from each of 3 sessions; then all leave at once."""
    guests = [target.join() for _ in range(3)]
    options, numbers = {"invoke": "random"}, range(1, target.number(TEN_THOUSAND) + 1)
    chunks = [guests[0].encoded([64, n, options, f"com.proc.p{n}"]) for n in numbers]
    target.send(guests, lambda: iter(chunks))
    for guest in guests:
        guest.sock.close()
    target.wait()


@attack()
def meta_procedures(target: Target) -> None:
    """Calls meta procedures that list 2,000 sessions and 10,000 subscriptions."""
    target.guests(2_000)
    guest = target.join()
    topics = range(1, target.number(TEN_THOUSAND) + 1)
    chunks = [guest.encoded([32, n, {}, f"com.topic.t{n}"]) for n in topics]
    target.send([guest], lambda: iter(chunks))
    uris = ("session.list", "session.count", "subscription.list", "registration.list")
    lists = [call for uri in uris for call in calls(f"wamp.{uri}", 5)]
    one = calls("wamp.session.get", 20, guest.id)
    target.flood([guest, target.join()], guest.encoded(*lists, *one))


@attack()
def subscribers_of_one_topic_listed(target: Target) -> None:
    """Lists the 2,000 subscribers of a topic, without end."""
    guests = target.guests(2_000)
    for guest in guests:
        guest.send([32, 1, {}, "com.topic"])
    subscription = guests[0].receive()[2]
    call = calls("wamp.subscription.list_subscribers", 50, subscription)
    target.flood(guests[:2], guests[0].encoded(*call))


@attack()
def meta_events(target: Target) -> None:
    """Joins and leaves without end, with 1,000 subscribers of these meta events."""
    for guest in target.guests(1_000):
        guest.send([32, 1, {"match": "prefix"}, "wamp."])
    session = target.attach()
    hello = [1, "realm1", {"roles": {"caller": {}}}]
    chunk = session.encoded(*([hello, [6, {}, "wamp.close.close_realm"]] * 50))
    target.flood([session], chunk)


@attack()
def killed_sessions(target: Target) -> None:
    """Joins with 2,000 sessions, and ends them all with one call, 5 times."""
    for _ in range(5):
        guests = target.guests(2_000)
        killer = guests[0]
        killer.send([48, 1, {}, "wamp.session.kill_by_authrole", ["guest"]])
        killer.answer(1)


@attack()
def calls_and_cancels(target: Target) -> None:
    """Calls a procedure of its own and cancels it at once, without end."""
    callee, caller = target.join(), target.join()
    callee.send([64, 1, {}, "com.own"])
    callee.receive()

    def chunks():
        for first in count(1, 200):
            pairs = []
            for n in range(first, first + 200):
                pairs += [[48, n, {}, "com.own"], [49, n, {"mode": "killnowait"}]]
            yield caller.encoded(*pairs)

    target.flood_each({caller: chunks(), callee: iter(())})


@attack()
def unknown_procedures(target: Target) -> None:
    """Calls procedures that do not exist, without end, from 20 sessions."""
    guests = [target.join() for _ in range(20)]
    target.flood(guests, guests[0].encoded(*calls("com.nothing", 1000)))


@attack()
def pings(target: Target) -> None:
    """Sends pings of 125 bytes without end, on 20 websockets of the router."""
    guests = [target.join() for _ in range(20)]
    target.flood(guests, 1000 * frame(b"x" * 125, PING))


@attack()
def unread_pings(target: Target) -> None:
    """Sends pings without end, and reads no pong."""
    guests = [target.join() for _ in range(20)]
    target.flood(guests, 1000 * frame(b"x" * 125, PING), reading=False)


@attack()
def deep_nesting(target: Target) -> None:
    """Sends arguments with 100,000 brackets, in JSON, MessagePack and CBOR."""
    depth = 100_000
    messages = {
        "json": b'[16,1,{},"com.topic",[' + b"[" * depth + b"]" * depth + b"]]",
        "msgpack": b"\x95\x10\x01\x80\xa9com.topic" + b"\x91" * depth + b"\x90",
        "cbor": b"\x85\x10\x01\xa0\x69com.topic" + b"\x81" * depth + b"\x80",
    }
    for subscriber in [target.join(serializer) for serializer in messages]:
        subscriber.send([32, 1, {}, "com.topic"])
    for serializer, message in messages.items():
        for guest in target.guests(100, serializer):
            guest.sock.sendall(guest.framed(message))


@attack()
def a_hundred_thousand_keys(target: Target) -> None:
    """Publishes a dict with 60,000 keys to subscribers with other serializers."""
    keys = {f"key{n}": n for n in range(60_000)}
    convert(target, keys)


@attack()
def large_payloads_for_other_serializers(target: Target) -> None:
    """Publishes 1 MB of numbers, in each serializer, to subscribers with others."""
    convert(target, list(range(1000, 1000 + 180_000)))


@attack()
def nested_payloads_for_other_serializers(target: Target) -> None:
    """Publishes 1 MB of empty lists, in each serializer, to subscribers with others."""
    convert(target, [[]] * 300_000)


@attack()
def long_texts_for_other_serializers(target: Target) -> None:
    """Publishes 1 MB of characters that JSON escapes, to subscribers with others."""
    convert(target, "\x01é" * 80_000)


def convert(target: Target, value: object) -> None:
    """Publish a value from each serializer to each of them."""
    for serializer in ("json", "msgpack", "cbor", "ubjson"):
        subscriber = target.join(serializer)
        subscriber.send([32, 1, {}, "com.topic"])
        subscriber.receive()
    guests = [target.join(each) for each in ("json", "msgpack", "cbor", "ubjson")]
    for guest in guests:
        chunk = guest.encoded([16, 1, {}, "com.topic", [value]])
        target.flood_each({guest: (chunk for _ in range(target.number(20)))})


@attack()
def invalid_messages(target: Target) -> None:
    """Sends messages of 1 MB that are wrong at their end, on 100 websockets."""
    message = json.dumps([16, 1, {}, "com.topic", [list(range(140_000))]])[:-1] + "!"
    for guest in target.guests(100):
        guest.sock.sendall(guest.framed(message.encode()))
