"""Finding the handler of a path."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

Handler = Callable[..., Any]


def request_path(environ: Mapping[str, Any]) -> str:
    """The request's path as text; an empty one is ``"/"`` (RFC 9110 section 4.2.3).

    A WSGI server decodes the bytes of the path as latin-1 (PEP 3333, "Unicode Issues").
    Here they are decoded as UTF-8. Bytes that are not UTF-8 become U+FFFD.
    """
    path: str = environ.get("PATH_INFO", "")
    if not path:
        return "/"
    if path.isascii():
        return path
    try:
        return path.encode("latin-1").decode("utf-8", "replace")
    except UnicodeEncodeError:  # the server decoded it already, against PEP 3333
        return path


class Routes(dict[str, Handler]):
    """The routes of one app: a path, or a prefix that ends in ``*``, to its handler."""

    def __setitem__(self, route: str, handler: Handler) -> None:
        """Register `handler`; a later one for the same route replaces it.

        Raises:
            TypeError: The route is not a string, or the handler cannot be called.
            ValueError: The route can never match, because every path starts with "/".
        """
        if not isinstance(route, str):
            raise TypeError(f"a route is a str such as '/chat', not {route!r}")
        if not route.startswith(("/", "*")):
            raise ValueError(
                f"route {route!r} can never match: every path starts with '/', "
                f"so write {'/' + route!r}"
            )
        if not callable(handler):
            raise TypeError(
                f"the handler of route {route!r} must be callable "
                f"as handler(environ, start_response), not {handler!r}"
            )
        super().__setitem__(route, handler)

    def match(self, path: str) -> Handler | None:
        """Find the handler of `path` (see `request_path`), or None.

        An exact route comes first, then the longest ``*`` route with which the path
        starts. There is no index of prefixes, so every change of this dict takes effect
        at once.
        """
        handler = self.get(path)
        if handler is not None:
            return handler
        # tuple(): another thread may register a route meanwhile.
        prefixes = [
            route
            for route in tuple(self)
            if route[-1:] == "*" and path.startswith(route[:-1])
        ]
        return self.get(max(prefixes, key=len)) if prefixes else None
