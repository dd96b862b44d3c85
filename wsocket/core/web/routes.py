"""Finding the handler of a path."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import unquote

from wsocket.core.checks import check_handler
from wsocket.core.functions import kind_of

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


# What other frameworks have in their routes, and ours do not: "<id>", "{id}", "/:id".
_PLACEHOLDER = re.compile(r"<[^/<>]*>|\{[^/{}]*\}|(?<=/):\w+(?=/|$)")
_ESCAPE = re.compile(r"%[0-9A-Fa-f]{2}")


def check_route(path: object) -> None:
    """Accept what a path of a request can be, or the beginning of one and ``*``.

    Raises:
        TypeError: It is not a string; most likely ``@app.route`` lacks its parentheses.
        ValueError: No request has such a path.
    """
    if not isinstance(path, str):
        got = repr(path)[:100]
        if callable(path):
            got = f"{kind_of(path)}; write @app.route('/chat'), with the parentheses"
        raise TypeError(f"path: a route is a str such as '/chat', not {got}")
    if not path.startswith(("/", "*")):
        raise ValueError(
            f"path: route {path!r} can never match: every path starts with '/', "
            f"so write {'/' + path!r}"
        )


def check_new_route(path: str) -> None:
    """Refuse what is meant in another way than it is understood here.

    Raises:
        ValueError: The path has a placeholder, a query or an escape.
    """
    if found := _PLACEHOLDER.search(path):
        prefix = path[: found.start()] + "*"
        raise ValueError(
            f"path: {path!r} would match only itself, because routes have no "
            f"placeholders such as {found[0]!r}; write {prefix!r}, and take the rest "
            f"from environ['PATH_INFO']"
        )
    if not {"?", "#"}.isdisjoint(path):
        raise ValueError(
            f"path: {path!r} can never match: only the path of a request is compared; "
            "its query is in environ['QUERY_STRING']"
        )
    if _ESCAPE.search(path):
        raise ValueError(
            f"path: {path!r} can never match: paths are compared decoded, so write "
            f"{unquote(path)!r}"
        )


class Routes(dict[str, Handler]):
    """The routes of one app: a path, or a prefix that ends in ``*``, to its handler."""

    def __setitem__(self, route: str, handler: Handler) -> None:
        """Register `handler`; a later one for the same route replaces it.

        Raises:
            TypeError: The route is not a string, or the handler cannot be called.
            ValueError: The route can never match, because every path starts with "/".
        """
        check_route(route)
        if not callable(handler):
            raise TypeError(
                f"handler: the handler of route {route!r} must be callable "
                f"as handler(environ, start_response), not {handler!r:.100}"
            )
        check_handler(f"the handler of route {route!r}", handler)
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
