"""What handlers return by a habit from other frameworks, where it means more.

Here a tuple and a dict are iterables of the body, as every other one. So a status in a
tuple, or a value in a dict, is sent as text or not at all.
"""

from __future__ import annotations

import threading
from typing import Any

from wsocket.core.functions import name_of
from wsocket.log import logger

# Handlers that are remembered; an application may make them as it goes.
_MOST = 1000


class Habits:
    """Warns once of each handler that returns what it probably does not mean.

    Methods may be called from any thread.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._warned: set[str] = set()

    def look_at(self, handler: object, result: object) -> None:
        """Warn if *result*, which *handler* returned, looks like that of a habit."""
        advice = _advice(result)
        if advice is None:
            return
        name = name_of(handler)
        with self._lock:
            if name in self._warned or len(self._warned) >= _MOST:
                return
            self._warned.add(name)
        logger.warning("the handler %s returned %s", name, advice)


def _advice(result: Any) -> str | None:
    if _is_code(result):
        return (
            f"{int(result)}: this is the body, and no status; call "
            f"start_response({int(result)}) before, and return a text"
        )
    if isinstance(result, tuple) and len(result) in (2, 3):
        return _advice_for_tuple(result)
    if isinstance(result, dict) and any(value is not None for value in result.values()):
        return (
            "a dict: its keys are the body, and its values are not sent; for JSON, "
            "call start_response(200, {'Content-Type': 'application/json'}), and "
            "return json.dumps(...)"
        )
    return None


def _advice_for_tuple(result: tuple[Any, ...]) -> str | None:
    for item in result:
        if _is_status(item):
            status = int(item) if isinstance(item, int) else item
            return (
                f"a tuple with {status!r} in it: its items are the body, and none of "
                f"them is the status; call start_response({status!r}) before, and "
                "return the body alone"
            )
        if isinstance(item, dict):
            return (
                "a tuple with a dict in it: its items are the body, and none of them "
                "has the headers; call start_response(200, {...}) before, and return "
                "the body alone"
            )
    return None


def _is_status(item: object) -> bool:
    """Whether an item of a tuple looks like a status: 404, "404", "404 Not Found"."""
    if isinstance(item, str):
        return (
            item[:3].isdecimal() and item[3:4] in ("", " ") and _is_code(int(item[:3]))
        )
    return _is_code(item)


def _is_code(item: object) -> bool:
    """Whether this is a number that HTTP has for statuses, such as 404."""
    return isinstance(item, int) and 100 <= item <= 599
