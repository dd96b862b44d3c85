"""Counting the connections of a server."""

from __future__ import annotations

import pytest

from wsocket.core.http.places import PlaceLimits, Places


def places(**limits: int) -> tuple[Places, list[None]]:
    """Places, and a list that grows whenever one is left."""
    left: list[None] = []
    return Places(PlaceLimits(**limits), left=lambda: left.append(None)), left


def test_places_are_taken_and_left():
    """With the last one taken the server is full."""
    counted, left = places(http=2)
    first, second = (counted.take("192.0.2.1") for _ in range(2))
    assert counted.full()
    first.leave_http()
    assert not counted.full()
    assert left
    second.leave_http()


def test_a_kept_place_counts_in_all_but_not_for_http():
    """A websocket has no thread of the server, but it is a connection."""
    counted, left = places(http=1, in_all=2)
    place = counted.take("192.0.2.1")
    leave = place.keep()
    place.leave_http()
    assert not counted.full()
    counted.take("192.0.2.1").keep()
    assert counted.full()
    leave()
    leave()  # a second time does nothing
    left.clear()
    assert counted.full()  # for HTTP only one may be there, and it is
    assert not left


def test_each_address_has_its_own_count():
    """Beyond it there is no place, whatever the others have."""
    counted, _ = places(http=10, per_address=1)
    first = counted.take("192.0.2.1")
    assert counted.take("192.0.2.1") is None
    assert counted.take("192.0.2.2") is not None
    first.leave_http()
    assert counted.take("192.0.2.1") is not None


def test_unix_sockets_have_no_address():
    """Every client of a proxy would count for the same one."""
    counted, _ = places(http=10, per_address=1)
    assert all(counted.take("") for _ in range(5))


@pytest.mark.parametrize(
    ("host", "same"),
    [
        ("192.0.2.1", "::ffff:192.0.2.1"),
        ("2001:db8::1", "2001:db8::2"),
        ("fe80::1%eth0", "fe80::2%eth1"),
    ],
)
def test_all_addresses_of_a_client_have_one_count(host, same):
    """Whoever has one of IPv6 has a whole network."""
    counted, _ = places(http=10, per_address=1)
    assert counted.take(host) is not None
    assert counted.take(same) is None
