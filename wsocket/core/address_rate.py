"""How often something may come from one network address."""

from __future__ import annotations

from collections import OrderedDict
from typing import Final

from wsocket.core.client_network import client_network
from wsocket.core.token_bucket import TokenBucket

_REMEMBERED: Final = 10_000  # addresses


class AddressRate:
    """The same rate for each client, which is told by its network (`client_network`).

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
        bucket = self._buckets.get(client_network(address))
        return bucket is None or bucket.has_one(now)

    def take(self, address: str, now: float) -> None:
        """One more has come from *address*."""
        if not self._rate:
            return
        network = client_network(address)
        bucket = self._buckets.get(network)
        if bucket is None:
            bucket = self._buckets[network] = TokenBucket(
                self._rate, burst=self._burst, now=now
            )
        self._buckets.move_to_end(network)
        bucket.take(1.0, now)
        if len(self._buckets) > _REMEMBERED:
            self._buckets.popitem(last=False)  # it has been quiet for the longest time
