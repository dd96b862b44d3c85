"""The URLs of listeners."""

from __future__ import annotations

import pytest

from wsocket.core.net.endpoints import (
    InheritedEndpoint,
    TcpEndpoint,
    UnixEndpoint,
    parse_endpoint,
    server_endpoints,
)


@pytest.mark.parametrize(
    ("url", "endpoint"),
    [
        ("tcp://127.0.0.1:8081", TcpEndpoint("127.0.0.1", 8081)),
        ("tcp://localhost:0", TcpEndpoint("localhost", 0)),
        ("tcp://0.0.0.0:65535", TcpEndpoint("0.0.0.0", 65535)),
        ("tcp://[::1]:0", TcpEndpoint("::1", 0)),
        ("tcp://[fe80::1%eth0]:80", TcpEndpoint("fe80::1%eth0", 80)),
        ("unix:///run/app/wamp.sock", UnixEndpoint("/run/app/wamp.sock")),
        ("unix:///a b?c#d%20e", UnixEndpoint("/a b?c#d%20e")),
    ],
)
def test_a_url_names_an_endpoint(url, endpoint):
    """And the endpoint has the URL."""
    assert parse_endpoint(url) == endpoint
    assert endpoint.url == url


@pytest.mark.parametrize(
    "url",
    [
        "",
        "8081",
        "127.0.0.1:8081",
        "tcp:127.0.0.1:8081",
        "tcp://127.0.0.1",
        "tcp://127.0.0.1:",
        "tcp://:8081",
        "tcp://127.0.0.1:65536",
        "tcp://127.0.0.1:-1",
        "tcp://127.0.0.1:\u0668",
        "tcp://127.0.0.1:80 ",
        "tcp://127.0.0.1:80\n",
        "tcp://127.0.0.1:80/",
        "tcp://joe@127.0.0.1:80",
        "tcp://::1:80",
        "tcp://[::1]",
        "ws://127.0.0.1:8081",
        "tls://127.0.0.1:8081",
        "unix:/run/wamp.sock",
        "unix://run/wamp.sock",
        "unix://",
        "unix:///run/\0",
    ],
)
def test_anything_else_is_refused_with_examples(url):
    """And with what came."""
    with pytest.raises(
        ValueError, match=r"expected tcp://HOST:PORT.*unix:///PATH"
    ) as e:
        parse_endpoint(url)
    assert repr(url) in str(e.value)


def test_what_is_no_str_is_another_error():
    """Such as a port alone."""
    with pytest.raises(TypeError, match="8081"):
        parse_endpoint(8081)


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("127.0.0.1", [TcpEndpoint("127.0.0.1", 80)]),
        ("::1", [TcpEndpoint("::1", 80)]),
        ("unix", [TcpEndpoint("unix", 80)]),
        ("unix:///run/app/http.sock", [UnixEndpoint("/run/app/http.sock")]),
        ("fd://3", [InheritedEndpoint(3)]),
        ("fd://3,14", [InheritedEndpoint(3), InheritedEndpoint(14)]),
    ],
)
def test_an_http_server_listens_on_a_host_or_elsewhere(host, expected):
    """A host needs the port; a URL says everything."""
    assert server_endpoints(host, 80) == expected


@pytest.mark.parametrize(
    "host",
    ["unix:/s", "unix://s", "unix:///a\0b", "fd:3", "fd://", "fd://x", "fd://-1"],
)
def test_what_looks_like_such_a_url_must_be_one(host):
    """Otherwise a resolver would be asked for it."""
    with pytest.raises(ValueError, match=r"expected unix:///PATH.* or fd://N"):
        server_endpoints(host, 80)
