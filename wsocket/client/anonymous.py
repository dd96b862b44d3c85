"""Joining without a proof of who this is."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from msgspec import Struct

from wsocket.client.joining import RandomBytes
from wsocket.core.checks import check_text
from wsocket.errors import ProtocolError


class Anonymous(Struct, frozen=True):
    """No credentials.

    Attributes:
        authid: The name that the client asks for; None: the router chooses one.
    """

    authid: str | None = None

    def __post_init__(self) -> None:
        if self.authid is not None:
            check_text(f"{type(self).__name__}.authid", self.authid)

    def begin(self, random_bytes: RandomBytes) -> Anonymous:
        return self

    @property
    def hello(self) -> dict[str, Any]:
        named = {} if self.authid is None else {"authid": self.authid}
        return {"authmethods": ["anonymous"], **named}

    def answer(
        self, method: str, extra: Mapping[str, Any]
    ) -> tuple[str, dict[str, Any]]:
        raise ProtocolError(
            f"the router sent CHALLENGE ({method!a:.50}) to an anonymous client"
        )

    def check(self, authextra: Mapping[str, Any]) -> None:
        """A router has nothing to prove here."""
