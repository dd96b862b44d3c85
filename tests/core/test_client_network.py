"""Which addresses count as one client."""

from __future__ import annotations

import pytest

from wsocket.core.client_network import client_network


@pytest.mark.parametrize(
    ("address", "same", "other"),
    [
        ("192.0.2.1", "::ffff:192.0.2.1", "192.0.2.2"),
        ("192.0.2.1", "::FFFF:C000:201", "::ffff:192.0.2.2"),
        ("2001:db8::1", "2001:db8::ffff:0:0:1", "2001:db8:0:1::1"),
        ("fe80::1%eth0", "fe80::2%eth1", "fe80:0:0:1::1"),
        ("fe80::1", "fe80::2%a%b", "fe80:0:0:1::1%a%b"),
    ],
)
def test_an_address_of_ipv6_is_a_network(address, same, other):
    """Whoever has one address has a network of 64 bits; IPv4 looks like itself."""
    assert client_network(address) == client_network(same)
    assert client_network(address) != client_network(other)


@pytest.mark.parametrize("address", ["", "192.0.2.1", "not:an:address", "x", "%", ":"])
def test_everything_else_stands_for_itself(address):
    """A Unix socket has no address, and servers may give anything."""
    assert client_network(address) == address
