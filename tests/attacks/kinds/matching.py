"""Attacks with patterns."""

from __future__ import annotations

import random
from collections.abc import Iterator

from tests.attacks.attack import Target, attack

PATTERNS = 10_000
SEED = 1


def subscribe_and_publish(
    target: Target, patterns: Iterator[str], topic: str, match: str = "wildcard"
) -> None:
    """Subscribe to patterns, publish to a topic for a while, and leave."""
    guest, publisher = target.join(), target.join()
    options = {"match": match}
    chunks = (guest.encoded([32, n, options, uri]) for n, uri in enumerate(patterns, 1))
    target.send([guest], lambda: chunks)
    target.flood([publisher, guest], publisher.encoded([16, 1, {}, topic]))
    guest.sock.close()
    target.wait()


@attack()
def wildcards_that_match_nothing(target: Target) -> None:
    """Subscribes to 10,000 wildcards of 100 components that nearly match a topic."""
    choice = random.Random(SEED).choice
    patterns = (
        ".".join([*(choice(("", "a")) for _ in range(99)), "zz"])
        for _ in range(target.number(PATTERNS))
    )
    subscribe_and_publish(target, patterns, ".".join(["a"] * 100))


@attack()
def wildcards_that_all_match(target: Target) -> None:
    """Subscribes to 10,000 wildcards of 100 components that all match a topic."""
    choice = random.Random(SEED).choice
    patterns = (
        ".".join(choice(("", "a")) for _ in range(100))
        for _ in range(target.number(PATTERNS))
    )
    subscribe_and_publish(target, patterns, ".".join(["a"] * 100))


@attack()
def wildcards_with_every_component(target: Target) -> None:
    """Subscribes to 10,000 wildcards of 14 components, none of which is rare."""
    patterns = (
        ".".join("" if n >> bit & 1 else "ab"[n >> bit + 1 & 1] for bit in range(14))
        for n in range(target.number(PATTERNS))
    )
    subscribe_and_publish(target, patterns, ".".join(["a"] * 14))


@attack()
def prefixes_that_all_match(target: Target) -> None:
    """Subscribes to all 8,000 prefixes of one topic."""
    topic = "x" * 8_000
    patterns = (topic[:size] for size in range(1, target.number(8_000)))
    subscribe_and_publish(target, patterns, topic, "prefix")


@attack()
def wildcard_registrations(target: Target) -> None:
    """Registers 10,000 wildcards of 50 components, and calls what matches none."""
    callee, caller = target.join(), target.join()
    choice = random.Random(SEED).choice
    patterns = (
        ".".join([*(choice(("", "a")) for _ in range(49)), "zz"])
        for _ in range(target.number(PATTERNS))
    )
    chunks = (
        callee.encoded([64, n, {"match": "wildcard"}, uri])
        for n, uri in enumerate(patterns, 1)
    )
    target.send([callee], lambda: chunks)
    target.flood([caller], caller.encoded([48, 1, {}, ".".join(["a"] * 50)]))
    callee.sock.close()
    target.wait()


@attack()
def topics_that_are_all_different(target: Target) -> None:
    """Publishes to a million topics, each once, beside 2,000 wildcards."""
    guest, publisher = target.join(), target.join()
    guest.send(*([32, n, {"match": "wildcard"}, f"com..t{n}"] for n in range(1, 2001)))

    def topics() -> Iterator[bytes]:
        for n in range(0, 1_000_000, 100):
            yield publisher.encoded(
                *([16, 1, {}, f"com.topic.x{each}.y"] for each in range(n, n + 100))
            )

    target.flood_each({publisher: topics(), guest: iter(())})
