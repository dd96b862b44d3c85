"""What every transport does before it makes a session."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

Prepare: TypeAlias = Callable[[Mapping[str, Any]], object]
"""Called on the loop, with the environ of the request that opens the session; an empty
one if there is no request. It registers what must be registered before the first
session joins, and looks whether there are other processes."""
