"""Challenges for users that do not exist, so that nobody can tell who does.

What such a challenge shows is a function of a key and the authid: the same whenever
somebody asks again."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Hashable, Mapping
from typing import TypeVar

from wsocket.core.checks import check_bytes
from wsocket.wamp.auth.encodings import as_bytes, from_base64, to_base64

_T = TypeVar("_T")

LOWER_HEX = frozenset("0123456789abcdef")


class Decoy:
    """Makes up what a challenge shows of a user.

    Args:
        key: Secret. Give the same one to all processes of a service, and after each
            restart: a salt that changes gives the decoy away.
        name: The key's name, for error messages.
    """

    def __init__(self, key: bytes, *, name: str) -> None:
        check_bytes(name, key)
        self._key = hashlib.sha256(key).digest()

    def octets(self, authid: str, length: int) -> bytes:
        """Octets that look random, for this authid."""
        seed = hmac.digest(self._key, as_bytes(authid), "sha256")
        return hashlib.shake_256(seed).digest(length)

    def text_like(self, sample: str, authid: str) -> str:
        """A text in the manner of *sample*: hex, base64 or other, and as long."""
        length = len(sample)
        if LOWER_HEX.issuperset(sample):
            return self.octets(authid, length).hex()[:length]
        octets = from_base64(sample, max_length=length)
        if octets is not None:
            return to_base64(self.octets(authid, len(octets)))
        text = to_base64(self.octets(authid, 2 * length))
        return text.replace("+", "a").replace("/", "b")[:length]

    def choose(self, models: Mapping[Hashable, _T], authid: str) -> _T:
        """One model for this authid, which it keeps when others come or go.

        Args:
            models: By what a challenge shows of them.
        """

        def rank(shown: Hashable) -> bytes:
            return hmac.digest(self._key, as_bytes(f"{authid}\0{shown!r}"), "sha256")

        return models[max(models, key=rank)]
