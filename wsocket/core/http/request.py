"""The head of a client's request, parsed strictly: bytes to a WSGI environ.

RFC 9112 lets a server repair some malformed requests. Proxies repair them differently.
If two servers read one request differently, an attacker can smuggle a second request
past the first server (section 11.2). So everything that is not plainly HTTP/1 is
refused.
"""

from __future__ import annotations

import re
import sys
from ipaddress import IPv6Address
from typing import Any
from urllib.parse import unquote

from wsocket.core.http.fields import parse_fields
from wsocket.core.http.grammar import (
    CONTENT_LENGTH,
    PORT,
    TOKEN,
    UNRESERVED_OR_DELIMITER,
)
from wsocket.core.http.refusal import refuse

# RFC 9112 section 3. A target is ASCII, without control characters and "#". Some
# clients do not encode other characters that they should encode, such as "|".
_REQUEST_LINE = re.compile(rf"({TOKEN}) ([!\"$-~]+) (HTTP/(\d)\.(\d))", re.ASCII)
_ORIGIN = re.compile(r"https?://([^/?]+)", re.IGNORECASE)
_LENGTH = re.compile(CONTENT_LENGTH)

# RFC 3986 section 3.2.2: a name or an IPv4 address, or an IPv6 address in brackets.
_HOST = re.compile(
    rf"(?:(?:[{UNRESERVED_OR_DELIMITER}]|%[0-9A-Fa-f]{{2}})+|\[([0-9A-Fa-f:.]+)\])"
    rf"(?::({PORT}))?"
)
_MAX_PORT = 65535

# In WSGI's environ their names have no "HTTP_" in front (PEP 3333).
_CGI_FIELDS = frozenset({"CONTENT_TYPE", "CONTENT_LENGTH"})


def _key_in_environ(name: str) -> str:
    """What WSGI's environ calls the header with the lower-case *name*."""
    key = name.replace("-", "_").upper()
    return key if key in _CGI_FIELDS else f"HTTP_{key}"


# Of what most requests have: each of their keys is made once, and in memory once.
_USUAL_KEYS = {
    name: sys.intern(_key_in_environ(name))
    for name in (
        *("accept", "accept-encoding", "accept-language", "authorization"),
        *("cache-control", "connection", "content-length", "content-type", "cookie"),
        *("forwarded", "host", "origin", "pragma", "referer", "sec-fetch-dest"),
        *("sec-fetch-mode", "sec-fetch-site", "sec-websocket-extensions"),
        *("sec-websocket-key", "sec-websocket-protocol", "sec-websocket-version"),
        *("upgrade", "user-agent", "x-forwarded-for", "x-forwarded-proto"),
    )
}


class Request:
    """The head of a request, checked (RFC 9112).

    Attributes:
        line: The request line.
        method: The method, in the client's own letters.
        version: ``"HTTP/1.1"`` or ``"HTTP/1.0"``.
        modern: The version is not HTTP/1.0.
        target: Path and query; empty for ``OPTIONS *``.
        fields: The headers, by lower-case name.
        length: Bytes of the body; None when it is chunked.
        expects_continue: The client waits for 100 Continue before it sends the body.
        keeps_alive: The connection may serve another request.
    """

    def __init__(
        self,
        line: str,
        fields: dict[str, str],
        *,
        method: str,
        target: str,
        version: str,
    ) -> None:
        self.line = line
        self.method = method
        self.version = version
        self.modern = version != "HTTP/1.0"
        self.fields = fields
        _check_host_header(fields, modern=self.modern)
        host, self.target = _split_target(target, method)
        if host is not None:
            fields["host"] = host  # the target takes precedence (section 3.2.2)
        self.length = _body_length(fields, modern=self.modern)
        # In HTTP/1.0 the end of the connection marks the end of the response.
        self.keeps_alive = self.modern and "close" not in _options(fields)
        self.expects_continue = self.modern and _expects_continue(fields)

    def environ(self) -> dict[str, Any]:
        """The request's part of WSGI's environ (PEP 3333)."""
        path, _, query = self.target.partition("?")
        environ = {
            "REQUEST_METHOD": self.method,
            "SCRIPT_NAME": "",
            "PATH_INFO": unquote(path, "latin-1") if "%" in path else path,
            "QUERY_STRING": query,
            "SERVER_PROTOCOL": self.version,
        }
        usual = _USUAL_KEYS
        for name, value in self.fields.items():
            if name in usual:
                environ[usual[name]] = value
            # With an underscore it could pass for a header that only a proxy may set.
            elif "_" not in name:
                environ[_key_in_environ(name)] = value
        return environ


def parse_request(data: bytes) -> Request:
    """Parse a request's head: lines with CRLF between them.

    Raises:
        RequestError: It is malformed.
    """
    line, *field_lines = data.decode("latin-1").split("\r\n")
    parsed = _REQUEST_LINE.fullmatch(line)
    if parsed is None:
        refuse(f"the request line must be METHOD TARGET HTTP/1.1, not {line[:200]!r}")
    method, target, version, major, minor = parsed.groups()
    if major != "1":
        refuse(f"{version} is not spoken here", status="505 HTTP Version Not Supported")
    version = "HTTP/1.0" if minor == "0" else "HTTP/1.1"
    fields = parse_fields(field_lines)
    return Request(line, fields, method=method, target=target, version=version)


def _split_target(target: str, method: str) -> tuple[str | None, str]:
    """The host, if the target names one, and path and query (section 3.2)."""
    if target[0] == "/":
        return None, target
    if target == "*" and method == "OPTIONS":
        return None, ""
    absolute = _ORIGIN.match(target)
    if absolute is None:
        refuse(f"the request target must be a path, not {target[:200]!r}")
    if not _is_host(absolute[1]):
        refuse(f"the host in the request target is malformed: {absolute[1][:200]!r}")
    rest = target[absolute.end() :]
    return absolute[1], rest if rest[:1] == "/" else f"/{rest}"


def _check_host_header(fields: dict[str, str], *, modern: bool) -> None:
    """Check the header even if the target names another host (section 3.2)."""
    host = fields.get("host")
    if host is None and modern:
        refuse("the Host header is missing")
    if host and not _is_host(host):  # it is empty where a URL has no host
        refuse(
            f"the Host header is malformed: it must be a host, or a host and a port "
            f"such as 'example.com:80' or '[::1]:80', not {host[:200]!r}"
        )


def _is_host(value: str) -> bool:
    """Whether *value* is a host, with or without a port (RFC 9110 section 7.2)."""
    parsed = _HOST.fullmatch(value)
    if parsed is None:
        return False
    address, port = parsed.groups()
    if port and int(port) > _MAX_PORT:
        return False
    return address is None or _is_ipv6(address)


def _is_ipv6(address: str) -> bool:
    try:
        IPv6Address(address)
    except ValueError:
        return False
    return True


def _options(fields: dict[str, str]) -> list[str]:
    """The connection options (section 9.1)."""
    connection = fields.get("connection")
    if connection is None:
        return []
    return [option.strip() for option in connection.lower().split(",")]


def _body_length(fields: dict[str, str], *, modern: bool) -> int | None:
    """The body's length in bytes, None for a chunked one (section 6.3)."""
    length = fields.get("content-length")
    coding = fields.get("transfer-encoding")
    if coding is not None:
        if length is not None:
            refuse("both Content-Length and Transfer-Encoding")
        if not modern:
            refuse("Transfer-Encoding in an HTTP/1.0 request")
        if coding.lower() != "chunked":
            refuse(
                f"transfer coding {coding!r} is not supported, only chunked is",
                status="501 Not Implemented",
            )
        return None
    if length is None:
        return 0
    if not _LENGTH.fullmatch(length):
        refuse(f"Content-Length must be a number of bytes, not {length!r}")
    return int(length)


def _expects_continue(fields: dict[str, str]) -> bool:
    expectation = fields.get("expect")
    if expectation is not None and expectation.lower() != "100-continue":
        refuse(f"unknown expectation {expectation!r}", status="417 Expectation Failed")
    return expectation is not None
