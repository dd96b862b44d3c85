"""Challenges for users that do not exist, so that clients cannot find out who does.

What such a challenge shows depends on a key and the authid only. So it is the same
each time that somebody asks."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable, Hashable, Iterable
from typing import Generic, TypeVar

from wsocket.core.checks import check_bytes
from wsocket.wamp.auth.encodings import as_bytes, from_base64, to_base64

_T = TypeVar("_T")

LOWER_HEX = frozenset("0123456789abcdef")


class Decoy(Generic[_T]):
    """Makes up what a challenge shows of a user.

    Args:
        users: Users to imitate, at least one.
        shown: What a challenge shows of a user.
        key: Secret. Give the same one to all processes of a service, and after each
            restart: a salt that changes gives the decoy away.
        name: The key's name, for error messages.
    """

    def __init__(
        self,
        users: Iterable[_T],
        shown: Callable[[_T], Hashable],
        *,
        key: bytes,
        name: str,
    ) -> None:
        check_bytes(name, key)
        self._key = hashlib.sha256(key).digest()
        self._models: dict[Hashable, _T] = {}
        for user in users:
            self._models.setdefault(shown(user), user)

    def octets(self, authid: str, length: int) -> bytes:
        """Octets that look random, for this authid."""
        seed = hmac.digest(self._key, as_bytes(authid), "sha256")
        return hashlib.shake_256(seed).digest(length)

    def text_like(self, sample: str, authid: str) -> str:
        """A text of the same length and kind as *sample*: hex, base64 or other."""
        length = len(sample)
        if LOWER_HEX.issuperset(sample):
            return self.octets(authid, length).hex()[:length]
        octets = from_base64(sample, max_length=length)
        if octets is not None:
            return to_base64(self.octets(authid, len(octets)))
        text = to_base64(self.octets(authid, 2 * length))
        return text.replace("+", "a").replace("/", "b")[:length]

    def choose(self, authid: str) -> _T:
        """The user to imitate for this authid.

        It stays the same if other users are added or removed.
        """

        def rank(shown: Hashable) -> bytes:
            return hmac.digest(self._key, as_bytes(f"{authid}\0{shown!r}"), "sha256")

        return self._models[max(self._models, key=rank)]
