"""Origins that are refused, in the log: those of attackers, and those of a mistake.

The first thing that a proxy with a wrong setting breaks is the comparison of Origin and
Host. The browser does not show why, so the log has to.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass

from wsocket.core.websocket.origins import cause_of_refusal
from wsocket.core.wsgi import quoted
from wsocket.errors import HttpError, OriginRefused
from wsocket.log import logger

# Seconds between two lines about the same page. One that may not connect tries again
# and again, and anybody can have such pages.
PAUSE = 60.0

# Lines in that time. Who sends made-up origins cannot fill the log.
MOST = 20

_SHOWN = 200  # characters of an origin or host that tell it from others


@dataclass
class _Refused:
    logged_at: float
    unlogged: int = 0


class RefusedOrigins:
    """Logs each refused origin once a minute, and how often it came in between.

    Methods may be called from any thread.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._refused: dict[tuple[str, str], _Refused] = {}
        self._others = 0  # those for which there was no line

    def look_at(self, refusal: HttpError, now: float) -> None:
        """Log *refusal*, or count it, if it is for the origin.

        Args:
            now: Seconds of a clock that never goes back.
        """
        if not isinstance(refusal, OriginRefused):
            return
        pair = refusal.origin[:_SHOWN], refusal.host[:_SHOWN]
        with self._lock:
            last = self._refused.get(pair)
            if last is not None and now - last.logged_at < PAUSE:
                last.unlogged += 1
                return
            if last is None and not self._has_room(now):
                self._others += 1
                return
            self._refused[pair] = _Refused(now)
            others, self._others = self._others, 0
        again = 0 if last is None else last.unlogged
        logger.warning(
            "refused with 403: Origin %s does not fit Host %s; %s%s%s",
            quoted(refusal.origin),
            quoted(refusal.host),
            cause_of_refusal(refusal.origin, refusal.host),
            f" ({again} more since the last such line)" if again else "",
            f" ({others} of further origins have no line)" if others else "",
        )

    def _has_room(self, now: float) -> bool:
        if len(self._refused) >= MOST:
            self._refused = {
                pair: each
                for pair, each in self._refused.items()
                if now - each.logged_at < PAUSE
            }
        return len(self._refused) < MOST
