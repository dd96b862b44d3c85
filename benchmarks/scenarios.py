"""What is measured: each scenario is one row of a table."""

from __future__ import annotations

import resource
from collections.abc import Iterator
from dataclasses import dataclass

KIB = 1024
MIB = 1024 * KIB
OTHER_FILES = 500  # that a server has open beside its connections
SERIALIZERS = {"json": "JSON", "msgpack": "MessagePack"}


@dataclass(frozen=True)
class Scenario:
    """One load, the same for every contender that offers `service`.

    Attributes:
        group: The table that it is a row of; see `GROUPS`.
        name: The row, unique in its group.
        service: What a contender must offer: ``router``, ``echo``, ``http``,
            ``deflate``, or ``router-large`` and ``echo-large`` for messages over
            1 MiB.
        load: The load generator's arguments, without port, path, time and processes.
        size: Bytes of payload in each message.
    """

    group: str
    name: str
    service: str
    load: tuple[str, ...]
    size: int = 64


@dataclass(frozen=True)
class Group:
    """One table.

    Attributes:
        metrics: What it shows, the first of them in the plot too; see
            `benchmarks.results.METRICS`.
        plotted: The rows that the plot shows.
    """

    title: str
    explanation: str
    metrics: tuple[str, ...]
    plotted: tuple[str, ...] = ()


GROUPS = {
    "rpc": Group(
        "Calls",
        "Callers x calls in flight of each; one callee, which is a client too. "
        "64 bytes of payload.",
        ("per_second", "cpu_us", "p50_us"),
        ("1x64 JSON", "10x16 JSON", "10x16 MessagePack", "100x1 JSON"),
    ),
    "events": Group(
        "Events",
        "Publishers -> subscribers; an event counts once for each subscriber that it "
        "reaches. At most 16 events of a publisher are under way (w16), or one (w1).",
        ("per_second", "cpu_us", "p50_us"),
        ("1 -> 1 w16 JSON", "1 -> 100 w16 JSON", "1 -> 1000 w16 JSON"),
    ),
    "patterns": Group(
        "Events beside pattern subscriptions",
        "1 -> 1, at most 16 under way, while another session holds prefix and wildcard "
        "subscriptions that fit none of the events.",
        ("per_second", "cpu_us"),
    ),
    "sessions": Group(
        "Idle sessions",
        "Sessions that join the realm, 64 at once, and stay.",
        ("rss_per_session", "join_seconds"),
    ),
    "echo": Group(
        "Plain websocket echo",
        "Binary messages: bytes, connections x messages in flight of each.",
        ("per_second", "cpu_us", "p50_us"),
        ("64 B 1x64", "64 B 100x1", "4 KiB 1x64", "64 KiB 1x1"),
    ),
    "deflate": Group(
        "Compressed echo",
        "permessage-deflate with context takeover, text that compresses to a fraction. "
        "The client is written in Python and sets the pace: only the CPU time counts.",
        ("cpu_us",),
    ),
    "http": Group(
        "HTTP",
        "GET of a page of 12 bytes, on connections that stay open where the server "
        "lets them.",
        ("per_second", "cpu_us", "p50_us"),
        ("1 connection", "100 connections"),
    ),
    "large": Group(
        "Large messages",
        "One message in flight. Memory is the process's peak above what it had when it "
        "was started, as a multiple of the message.",
        ("megabytes_per_second", "peak_multiple"),
    ),
}


def rpc() -> Iterator[Scenario]:
    for serializer, title in SERIALIZERS.items():
        for callers, window in ((1, 1), (1, 64), (10, 16), (100, 1), (1000, 1)):
            load = ("rpc", *counts(callers, window), "--serializer", serializer)
            yield Scenario("rpc", f"{callers}x{window} {title}", "router", load)


def events() -> Iterator[Scenario]:
    for serializer, title in SERIALIZERS.items():
        for publishers, subscribers, window in (
            *((1, 1, 16), (1, 10, 16), (1, 100, 16), (1, 1000, 16)),
            (100, 10, 1),
        ):
            load = (
                *("pubsub", *counts(publishers, window)),
                *("--subscribers", str(subscribers), "--serializer", serializer),
            )
            name = f"{publishers} -> {subscribers} w{window} {title}"
            yield Scenario("events", name, "router", load)


def patterns() -> Iterator[Scenario]:
    for number in (10, 100_000):
        load = ("pubsub", *counts(1, 16), "--patterns", str(number))
        yield Scenario("patterns", f"{number:,} patterns", "router", load)


def sessions() -> Iterator[Scenario]:
    for number in (5_000, most_sessions()):
        load = ("join", "--connections", str(number))
        yield Scenario("sessions", f"{number:,} sessions", "router", load)


def most_sessions() -> int:
    """20,000, or what a server's limit of open files leaves room for."""
    limit = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    return min(20_000, max(limit - OTHER_FILES, 1))


def echo() -> Iterator[Scenario]:
    for size, title in ((64, "64 B"), (4 * KIB, "4 KiB"), (64 * KIB, "64 KiB")):
        for connections, window in ((1, 1), (1, 64), (100, 1)):
            name = f"{title} {connections}x{window}"
            load = ("echo", *counts(connections, window))
            yield Scenario("echo", name, "echo", load, size)


def deflate() -> Iterator[Scenario]:
    yield Scenario("deflate", "1 KiB 1x16", "deflate", ("--window", "16"), KIB)


def http() -> Iterator[Scenario]:
    for connections, name in ((1, "1 connection"), (100, "100 connections")):
        load = ("http", "--connections", str(connections))
        yield Scenario("http", name, "http", load, len("Hello World!"))


def large() -> Iterator[Scenario]:
    for megabytes in (1, 4, 16, 64):
        size = megabytes * MIB
        yield Scenario("large", f"echo {megabytes} MiB", "echo-large", ("echo",), size)
    for megabytes in (1, 4, 16, 64):
        size = megabytes * MIB
        yield Scenario("large", f"call {megabytes} MiB", "router-large", ("rpc",), size)


def counts(connections: int, window: int) -> tuple[str, ...]:
    """The load generator's arguments for so many operations at once."""
    return ("--connections", str(connections), "--window", str(window))


SCENARIOS = [
    scenario
    for group in (rpc, events, patterns, sessions, echo, deflate, http, large)
    for scenario in group()
]
