"""What is done with a core, and makes something happen at once."""

from __future__ import annotations

from collections.abc import Callable

from wsocket.client.core import Core
from wsocket.client.happenings import Happening

Operation = Callable[[Core], list[Happening]]
"""Does something with the core; returns what happened, in order."""
