"""Origins that are refused, in the log: those of attackers, and those of a mistake.

The first thing that a proxy with a wrong setting breaks is the comparison of Origin and
Host. The browser does not show why, so the log has to.
"""

from __future__ import annotations

import threading

from wsocket.core.websocket.origins import cause_of_refusal
from wsocket.core.wsgi import quoted
from wsocket.errors import HttpError, OriginRefused
from wsocket.log import logger

# Seconds between two lines of the log. A page that may not connect tries again and
# again, and anybody can have such pages.
PAUSE = 60.0


class RefusedOrigins:
    """Logs one refused origin a minute, and how many there were in between.

    Methods may be called from any thread.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._logged_at: float | None = None
        self._unlogged = 0

    def look_at(self, refusal: HttpError, now: float) -> None:
        """Log *refusal*, or count it, if it is for the origin.

        Args:
            now: Seconds of a clock that never goes back.
        """
        if not isinstance(refusal, OriginRefused):
            return
        with self._lock:
            if self._logged_at is not None and now - self._logged_at < PAUSE:
                self._unlogged += 1
                return
            self._logged_at, unlogged, self._unlogged = now, self._unlogged, 0
        logger.warning(
            "refused with 403: Origin %s does not fit Host %s; %s%s",
            quoted(refusal.origin),
            quoted(refusal.host),
            cause_of_refusal(refusal.origin, refusal.host),
            f" ({unlogged} more since the last such line)" if unlogged else "",
        )
