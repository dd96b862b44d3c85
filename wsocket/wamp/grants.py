"""What authorization says about one request, for broker and dealer to act on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Disclosure = Literal["allow", "force", "deny"]


@dataclass(frozen=True)
class Grant:
    """The answer to "may this session do that?".

    Attributes:
        allowed: Whether it may.
        disclose: Whether its identity is disclosed: as it asks (``allow``), always
            (``force``) or never (``deny``).
        trustlevel: Told to callees and subscribers that announced trust levels.
    """

    allowed: bool
    disclose: Disclosure = "allow"
    trustlevel: int | None = None


OPEN = Grant(allowed=True)
DENIED = Grant(allowed=False)
