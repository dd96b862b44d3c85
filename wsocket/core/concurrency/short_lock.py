"""A lock for a few steps that never wait."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from gevent import monkey

short_lock: Callable[[], Any] = monkey.get_original("_thread", "allocate_lock")
"""Makes a lock of the system, also where gevent has patched `threading`.

gevent's own costs more than the steps that it would protect. Whoever holds this one
must not wait: the greenlet that it waits for may stand before the same lock.
"""
