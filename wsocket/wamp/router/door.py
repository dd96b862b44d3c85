"""How often the clients of one network address may try to join."""

from __future__ import annotations

from wsocket.core.address_rate import AddressRate
from wsocket.wamp.protocol import errors
from wsocket.wamp.protocol.errors import Refusal


class Door:
    """Limits what those can do who are not in yet.

    Args:
        joins_per_second: See `Limits`.
        failed_logins_per_minute: See `Limits`.
    """

    def __init__(
        self, *, joins_per_second: float = 0.0, failed_logins_per_minute: float = 0.0
    ) -> None:
        self._joins_per_second = joins_per_second
        self._failed_logins_per_minute = failed_logins_per_minute
        self._joins = AddressRate(joins_per_second, seconds=1)
        self._failures = AddressRate(failed_logins_per_minute, seconds=60)

    def knock(self, address: str, now: float) -> Refusal | None:
        """A HELLO has come: why it is refused, or None."""
        if not self._joins.allows(address, now):
            return Refusal(
                errors.UNAVAILABLE,
                f"too many clients of {address or 'this address'} want to join: "
                f"Limits.joins_per_second, {self._joins_per_second:g}; try again later",
            )
        self._joins.take(address, now)
        if not self._failures.allows(address, now):
            return Refusal(
                errors.UNAVAILABLE,
                f"too many logins of {address or 'this address'} have failed: "
                f"Limits.failed_logins_per_minute, {self._failed_logins_per_minute:g}; "
                "try again later",
            )
        return None

    def failed(self, address: str, now: float) -> None:
        """A login has failed, by the fault of the client."""
        self._failures.take(address, now)
