"""What an application serves itself before all routes, such as its metrics."""

from __future__ import annotations

from wsocket.core.web.routes import Handler, Routes


class Resources(Routes):
    """Handlers by path, each because of one setting of the application."""

    def __init__(self) -> None:
        super().__init__()
        self._settings: dict[str, str] = {}  # by route

    def serve(self, setting: str, route: str, handler: Handler) -> None:
        """Serve *route*, for the setting of that name.

        Raises:
            ValueError: Another setting has this path, or one below or above it.
        """
        for taken, owner in self._settings.items():
            if _covers(taken, route) or _covers(route, taken):
                raise ValueError(
                    f"{setting}: expected a path of its own, got {route!r}, and "
                    f"{taken!r} is served for {owner} already; give one of them "
                    "another path"
                )
        self._settings[route] = setting
        self[route] = handler

    def check_free(self, route: str) -> None:
        """Accept a route of the application that requests can reach.

        Raises:
            ValueError: Its requests come here first.
        """
        for taken, owner in self._settings.items():
            if _covers(taken, route):
                raise ValueError(
                    f"path: {route!r} can never match: {taken!r} is served for "
                    f"{owner} before all routes; give one of them another path"
                )


def _covers(route: str, other: str) -> bool:
    """Whether every path that *other* matches is matched by *route*."""
    if route.endswith("*"):
        return other.startswith(route[:-1])
    return route == other
