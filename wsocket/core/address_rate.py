"""How often something may come from one network address."""

from __future__ import annotations

from collections import OrderedDict
from ipaddress import IPv6Address
from typing import Final

from wsocket.core.token_bucket import TokenBucket

_REMEMBERED: Final = 10_000  # addresses

_NETWORK_BYTES: Final = 8  # of an IPv6 address: the part that a client cannot choose


class AddressRate:
    """The same rate for each network address, such as one of a client.

    An IPv6 client usually has a whole network (/64) of addresses: that counts as one.

    Args:
        number: How many may come at once; 0 is no limit.
        seconds: In this time as many may come again.
    """

    def __init__(self, number: float, *, seconds: float) -> None:
        self._burst = max(1.0, number)
        self._rate = number / seconds
        self._buckets: OrderedDict[str, TokenBucket] = OrderedDict()

    def allows(self, address: str, now: float) -> bool:
        """Whether one more may come from *address*; nothing is taken."""
        if not self._rate:
            return True
        bucket = self._buckets.get(_network(address))
        return bucket is None or bucket.has_one(now)

    def take(self, address: str, now: float) -> None:
        """One more has come from *address*."""
        if not self._rate:
            return
        network = _network(address)
        bucket = self._buckets.get(network)
        if bucket is None:
            bucket = self._buckets[network] = TokenBucket(
                self._rate, burst=self._burst, now=now
            )
        self._buckets.move_to_end(network)
        bucket.take(1.0, now)
        if len(self._buckets) > _REMEMBERED:
            self._buckets.popitem(last=False)  # it has been quiet for the longest time


def _network(address: str) -> str:
    """The network of an IPv6 address; everything else as it is."""
    if ":" not in address:
        return address
    try:
        parsed = IPv6Address(address)
    except ValueError:
        return address
    if parsed.ipv4_mapped is not None:
        return str(parsed.ipv4_mapped)
    return parsed.packed[:_NETWORK_BYTES].hex()
