"""Attacks with payloads that are hard to read, or to write for other serializers."""

from __future__ import annotations

import json
import struct
from collections.abc import Iterable

import cbor2

from tests.attacks.attack import Target, attack

SERIALIZERS = ("json", "msgpack", "cbor", "ubjson")


def subscribe_all(target: Target) -> None:
    """Subscribe a session with each serializer."""
    for serializer in SERIALIZERS:
        subscriber = target.join(serializer)
        subscriber.send([32, 1, {}, "com.topic"])
        subscriber.receive()


def publish_encoded(target: Target, serializer: str, payloads: Iterable[bytes]) -> None:
    """Publish arguments that are encoded already, each from a session of its own."""
    start = START[serializer]
    for payload in payloads:
        guest = target.join(serializer)
        guest.sock.sendall(guest.framed(start + payload))


# [16, 1, {}, "com.topic", ... without its last element
START = {
    "json": b'[16,1,{},"com.topic",',
    "msgpack": b"\x95\x10\x01\x80\xa9com.topic",
    "cbor": b"\x85\x10\x01\xa0\x69com.topic",
    "ubjson": b"[i\x10i\x01{}Si\x09com.topic",
}


@attack()
def announced_lengths(target: Target) -> None:
    """Announces lists, texts and dicts of 4 billion elements, which do not come."""
    subscribe_all(target)
    for _ in range(target.number(100)):
        publish_encoded(
            target, "msgpack", (b"\xdd" + MUCH, b"\xdb" + MUCH, b"\xdf" + MUCH)
        )
        publish_encoded(
            target, "cbor", (b"\x9a" + MUCH, b"\x7a" + MUCH, b"\xba" + MUCH)
        )
        publish_encoded(
            target, "ubjson", (b"[$Z#l" + LARGE, b"[$i#l" + LARGE, b"[{#l" + LARGE)
        )


MUCH, LARGE = struct.pack(">I", 2**32 - 1), struct.pack(">i", 2**31 - 1)


@attack()
def lists_without_contents(target: Target) -> None:
    """Publishes UBJSON lists of 100 million elements that take no bytes each."""
    subscribe_all(target)
    size = struct.pack("<i", 100_000_000)
    payloads = [b"[$" + kind + b"#l" + size + b"]" for kind in (b"Z", b"T", b"N")]
    for _ in range(target.number(20)):
        publish_encoded(target, "ubjson", payloads)


@attack()
def shared_values(target: Target) -> None:
    """Publishes CBOR lists that contain a list twice, 40 levels deep (tags 28, 29)."""
    subscribe_all(target)
    value: list[object] = ["x"]
    for _ in range(40):
        value = [value, value]
    cyclic: list[object] = []
    cyclic.append(cyclic)
    payloads = [cbor2.dumps([each], value_sharing=True) for each in (value, cyclic)]
    publish_encoded(target, "cbor", payloads * target.number(100))


@attack()
def large_numbers(target: Target) -> None:
    """Publishes numbers of 900,000 digits to subscribers with each serializer."""
    subscribe_all(target)
    digits = b"1" * 900_000
    bits = struct.pack(">I", 900_000) + b"\xff" * 900_000
    exponent = b"\x1a" + struct.pack(">I", 10**9)
    for _ in range(target.number(20)):
        publish_encoded(
            target, "json", (b"[" + digits + b"]]", b"[0." + digits + b"]]")
        )
        publish_encoded(
            target,
            "cbor",
            (b"\x81\xc2\x5a" + bits, b"\x81\xc4\x82" + exponent + b"\x01"),
        )
        publish_encoded(
            target,
            "ubjson",
            (b"[Hl" + struct.pack("<i", len(digits)) + digits + b"]]",),
        )


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
