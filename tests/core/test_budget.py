"""Budgets: bytes that are kept for peers, and the limits of them."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from wsocket.core.budget import Budget


def test_bytes_are_charged_until_they_are_given_back() -> None:
    budget = Budget("Limits.session_bytes", 100)
    assert budget.take(100) is None
    assert budget.used == 100
    budget.give_back(40)
    assert budget.take(40) is None


def test_what_is_too_much_is_not_charged_and_the_limit_is_named() -> None:
    budget = Budget("Limits.session_bytes", 100)
    budget.take(60)
    lacking = budget.take(41)
    assert str(lacking) == "Limits.session_bytes, 100 bytes"
    assert budget.used == 60


def test_the_budget_of_the_process_limits_those_of_its_peers() -> None:
    whole = Budget("Limits.memory", 100)
    first, second = (Budget("Limits.session_bytes", 80, within=whole) for _ in "ab")
    assert first.take(80) is None
    assert second.take(30) is whole
    assert (second.used, whole.used) == (0, 80)


@given(st.lists(st.integers(0, 60)), st.integers(0, 100), st.integers(0, 100))
def test_no_limit_is_ever_exceeded(sizes: list[int], whole: int, part: int) -> None:
    process = Budget("Limits.memory", whole)
    peers = [Budget("Limits.session_bytes", part, within=process) for _ in range(3)]
    for number, size in enumerate(sizes):
        peers[number % 3].take(size)
        assert process.used == sum(peer.used for peer in peers) <= whole
        assert all(peer.used <= part for peer in peers)
