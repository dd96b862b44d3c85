"""Where an HTTP bridge is: ``http://HOST:PORT/PATH``, or ``https``."""

from __future__ import annotations

import re
from typing import NamedTuple
from urllib.parse import urlsplit

from wsocket.core.checks import host_name_problem, refuse_type

_EXPECTED = "one such as 'https://example.com/wamp'"
_USER = re.compile(r"[^/?#]*//[^/?#]*@")
_PATH = re.compile(r"[!-~]*")  # RFC 3986 has nothing but ASCII


class BridgeUrl(NamedTuple):
    """Where a bridge is.

    Attributes:
        base: The URL without a slash at its end.
        host: A name or an address, an IPv6 one without brackets.
        port: None for that of the scheme.
        path: Of the base URL.
    """

    base: str
    secure: bool
    host: str
    port: int | None
    path: str


def parse_bridge_url(url: str) -> BridgeUrl:
    """Read the base URL of a bridge.

    Raises:
        TypeError, ValueError: It is none. The message shows no password.
    """
    if not isinstance(url, str):
        refuse_type("url", f"a string, {_EXPECTED}", url)
    if _USER.match(url):
        raise ValueError(
            "url: a user and a password in it are not sent; use key_id= and secret=, "
            "or token="
        )
    if any(letter <= " " or letter == "\x7f" for letter in url):
        # Some of them `urlsplit` would leave out.
        raise _wrong(url, "a space or a control character is in it")
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise _wrong(url, str(error)) from None
    host = parts.hostname or ""
    known = parts.scheme in ("http", "https") and port != 0
    if not known or not host or parts.query or parts.fragment:
        raise _wrong(url)
    if not _PATH.fullmatch(parts.path):
        raise _wrong(url, "in its path, write what is not ASCII as %XX")
    if problem := host_name_problem(host):
        raise _wrong(url, f"no host has this name: {problem}")
    return BridgeUrl(
        url.rstrip("/"), parts.scheme == "https", host, port, parts.path.rstrip("/")
    )


def _wrong(url: str, why: str = "") -> ValueError:
    problem = f"url: expected {_EXPECTED}, got {url!r:.200}"
    return ValueError(f"{problem}: {why}" if why else problem)
