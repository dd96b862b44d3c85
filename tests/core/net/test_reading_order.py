"""Who is read next, when there is no time to read all."""

from __future__ import annotations

from dataclasses import dataclass

from wsocket.core.net.reading_order import ReadingOrder


@dataclass(eq=False)
class Reader:
    name: str
    demanding: bool = False


def order_of(*readers: Reader) -> list[str]:
    """In what order they are read who wait from the beginning."""
    order: ReadingOrder[Reader] = ReadingOrder()
    for reader in readers:
        assert order.add(reader)
    return [order.next().name for _ in readers]


def test_who_came_first_is_read_first():
    assert order_of(Reader("a"), Reader("b"), Reader("c")) == ["a", "b", "c"]


def test_those_that_take_long_are_read_after_the_others():
    found = order_of(Reader("a", True), Reader("b"), Reader("c", True), Reader("d"))
    assert found == ["b", "d", "a", "c"]


def test_one_in_eight_is_one_that_takes_long_however_many_others_wait():
    found = order_of(*map(Reader, "abcdefghij"), Reader("long", True))
    assert found[7] == "long"
    assert sorted(found) == sorted([*"abcdefghij", "long"])


def test_nobody_waits_twice():
    order: ReadingOrder[Reader] = ReadingOrder()
    reader = Reader("a")
    assert order.add(reader)
    assert not order.add(reader)
    assert order.next() is reader
    assert order.add(reader)
