"""Rates, by token buckets."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from wsocket.core.address_rate import AddressRate
from wsocket.core.token_bucket import TokenBucket


def test_a_burst_passes_and_the_rest_waits():
    bucket = TokenBucket(2.0, burst=3.0, now=100.0)
    assert [bucket.take(1, 100.0) for _ in range(5)] == [0, 0, 0, 0.5, 1.0]


def test_tokens_come_back_with_time_up_to_the_burst():
    bucket = TokenBucket(2.0, burst=3.0, now=100.0)
    for _ in range(3):
        bucket.take(1, 100.0)
    assert not bucket.has_one(100.4)
    assert bucket.has_one(100.5)
    assert [bucket.take(1, 200.0) for _ in range(4)] == [0, 0, 0, 0.5]


@given(
    st.floats(0.1, 1000),
    st.floats(1, 1000),
    st.lists(st.tuples(st.floats(0.001, 50), st.floats(0, 5)), max_size=50),
)
def test_who_waits_as_told_never_exceeds_the_rate(rate, burst, takes):
    """Whatever is taken at whatever time."""
    start = now = 7.0
    bucket = TokenBucket(rate, burst=burst, now=now)
    taken = 0.0
    for amount, pause in takes:
        taken += amount
        now += bucket.take(amount, now)
        assert taken <= burst + rate * (now - start) + 1e-6 * taken
        now += pause


def test_each_address_has_its_own_rate():
    rate = AddressRate(2, seconds=60)
    for _ in range(2):
        assert rate.allows("192.0.2.1", 0.0)
        rate.take("192.0.2.1", 0.0)
    assert not rate.allows("192.0.2.1", 29.0)
    assert rate.allows("192.0.2.2", 29.0)
    assert rate.allows("192.0.2.1", 31.0)


def test_an_ipv6_client_cannot_take_another_address_of_its_network():
    """Most have 2**64 of them."""
    rate = AddressRate(1, seconds=60)
    rate.take("2001:db8:0:1::1", 0.0)
    assert not rate.allows("2001:db8:0:1:ffff::2", 0.0)
    assert rate.allows("2001:db8:0:2::1", 0.0)


def test_an_ipv4_address_is_the_same_in_both_notations():
    """A socket for IPv6 and IPv4 gives the longer one."""
    rate = AddressRate(1, seconds=60)
    rate.take("::ffff:192.0.2.1", 0.0)
    assert not rate.allows("192.0.2.1", 0.0)


def test_what_is_no_address_counts_as_it_is():
    """A Unix socket has none, and servers may give anything."""
    rate = AddressRate(1, seconds=60)
    rate.take("", 0.0)
    rate.take("not:an:address", 0.0)
    assert [rate.allows(each, 0.0) for each in ("", "not:an:address", "x")] == [
        False,
        False,
        True,
    ]


def test_no_rate_is_no_limit():
    rate = AddressRate(0, seconds=60)
    for _ in range(1000):
        rate.take("192.0.2.1", 0.0)
    assert rate.allows("192.0.2.1", 0.0)


def test_addresses_are_forgotten_when_there_are_too_many():
    """Those that have been quiet for the longest time."""
    rate = AddressRate(1, seconds=1e9)
    for number in range(10_001):
        rate.take(f"client {number}", 0.0)
    assert rate.allows("client 0", 0.0)
    assert not rate.allows("client 10000", 0.0)
