"""What calls of procedures return.

No part of the router is imported here: a client would wait for it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple


class CallResult(NamedTuple):
    """A result with several values, of a procedure or of a call."""

    args: Sequence[Any] = ()
    kwargs: Mapping[str, Any] = {}
