"""To whom a network address counts, where clients have limits."""

from __future__ import annotations

from ipaddress import IPv6Address
from typing import Final

_NETWORK_BYTES: Final = 8  # of an IPv6 address: the part that a client cannot choose


def client_network(address: str) -> str:
    """What all addresses have in common that one client may use.

    Whoever has an IPv6 address usually has a whole network (/64) of them. An IPv4
    address stands for itself, also if a socket for both gives it as one of IPv6.

    Returns:
        The network of an IPv6 address, without its zone; everything else as it is.
    """
    if ":" not in address:
        return address
    try:
        parsed = IPv6Address(address.partition("%")[0])
    except ValueError:
        return address
    if parsed.ipv4_mapped is not None:
        return str(parsed.ipv4_mapped)
    return parsed.packed[:_NETWORK_BYTES].hex()
