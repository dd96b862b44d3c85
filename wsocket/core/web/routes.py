"""Finding the handler of a path."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, NoReturn
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


# What other frameworks have in their routes, and ours do not: "<id>", "{id}", "[id]",
# "/:id", "/$id"; and regular expressions, which may have the same inside.
_PLACEHOLDER = re.compile(r"<[^/<>]*>|\{[^/{}]*\}|\[[^/\[\]]*\]|(?<=/)[:$]\w+(?=/|$)")
_REGEX = re.compile(r"^\^|\\|\(\?|\.[*+]|\([^/()]*\||\$$")
_STAR = re.compile(r"\*(?!$)")
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
            f"so write {_near_path(path)!r}"
        )


def check_new_route(path: str) -> None:
    """Refuse what is meant in another way than it is understood here.

    Raises:
        ValueError: The path has a placeholder, a query or an escape, or is a regular
            expression, or has a ``*`` before its end.
    """
    if _REGEX.search(path):
        _refuse_meaning(path, "are no regular expressions")
    if found := _PLACEHOLDER.search(path):
        _refuse_meaning(path, f"have no placeholders such as {found[0]!r}")
    if _STAR.search(path):
        _refuse_meaning(path, "have '*' only as their last character")
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


def _refuse_meaning(path: str, why: str) -> NoReturn:
    near = _near_path(path)
    rest = ", and take the rest from environ['PATH_INFO']" if near[-1] == "*" else ""
    raise ValueError(
        f"path: {path!r} would be taken as it is written, because routes {why}; write "
        f"{near!r}{rest} (or app.routes[{path!r}] = ..., if that is what you mean)"
    )


def _near_path(path: str) -> str:
    """A route that does what *path* was probably meant for."""
    if "://" in path:
        path = path.partition("://")[2].partition("/")[2]
    path = path.removeprefix("^").removesuffix("$")
    special = (_REGEX.search(path), _PLACEHOLDER.search(path), _STAR.search(path))
    starts = [found.start() for found in special if found]
    path = path[: min(starts)] + "*" if starts else path
    return path if path.startswith("/") else f"/{path}"


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

    # `dict` sets these without ``__setitem__``, and so without its checks.

    def update(self, *given: Any, **by_name: Handler) -> None:
        """Register each handler of a mapping; see `__setitem__`."""
        for route, handler in dict(*given, **by_name).items():
            self[route] = handler

    def __ior__(self, given: Any) -> Routes:  # type: ignore[override, misc]  # dict's has overloads
        self.update(given)
        return self

    def setdefault(self, route: str, handler: Handler) -> Handler:
        """Register *handler* if the route has none; return the one that it has."""
        if route not in self:
            self[route] = handler
        return self[route]

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
