"""Requests with cookies from pages of other origins (CORS, the Fetch standard)."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from wsocket.core.websocket.origins import check_origin

# The answer to a preflight request, besides `cors_headers`. A browser sends one because
# a plain form cannot post JSON. Max-Age is in seconds.
PREFLIGHT_HEADERS = [
    ("Access-Control-Allow-Methods", "POST"),
    ("Access-Control-Allow-Headers", "Content-Type"),
    ("Access-Control-Max-Age", "600"),
]


def cors_headers(
    environ: Mapping[str, Any], allowed_origins: Collection[str]
) -> list[tuple[str, str]]:
    """The headers with which a browser lets the page read the response.

    The rules are those of websockets. A refused page gets no headers, and its request
    must have no effect: it carries cookies of a user who does not know of it.

    Raises:
        HttpError: The page's origin is not allowed.
    """
    check_origin(environ, allowed_origins)
    headers = [("Vary", "Origin")]
    origin = environ.get("HTTP_ORIGIN")
    if origin is not None:
        headers.append(("Access-Control-Allow-Origin", origin))
        headers.append(("Access-Control-Allow-Credentials", "true"))
    return headers
