"""The client behind a proxy that is trusted."""

from __future__ import annotations

from typing import Any

import pytest

from wsocket import WSocketApp

PROXY = "10.0.0.1"
CLIENT = "203.0.113.9"


def seen(trusted: list[str], peer: str, **headers: str) -> tuple[str, str]:
    """Address and scheme that a route finds.

    Args:
        headers: By their names in lower case, with underscores.
    """
    app = WSocketApp(trusted_proxies=trusted)
    found: list[tuple[str, str]] = []

    @app.route("/")
    def look(environ: dict[str, Any], start_response: Any) -> None:
        found.append((environ["REMOTE_ADDR"], environ["wsgi.url_scheme"]))

    list(app(request(peer, **headers), lambda *unused: None))
    return found[0]


def request(peer: str, **headers: str) -> dict[str, Any]:
    """The environ of a request; see `seen`."""
    return {
        "REQUEST_METHOD": "GET",
        "PATH_INFO": "/",
        "REMOTE_ADDR": peer,
        "wsgi.url_scheme": "http",
        **{f"HTTP_{name.upper()}": value for name, value in headers.items()},
    }


@pytest.mark.parametrize(
    ("forwarded", "address"),
    [
        (CLIENT, CLIENT),
        ("2001:db8::7", "2001:db8::7"),
        (f"{CLIENT}:5000", CLIENT),
        ("[2001:db8::7]:5000", "2001:db8::7"),
        ("[2001:db8::7]", "2001:db8::7"),
        # What the client has written itself is not believed.
        (f"192.0.2.1, {CLIENT}", CLIENT),
        (f"127.0.0.1,{CLIENT}", CLIENT),
        # A second proxy that is trusted, too.
        (f"192.0.2.1, {CLIENT}, 10.0.0.2", CLIENT),
        (f"{CLIENT}, unknown", PROXY),
        (f"{CLIENT}, ", PROXY),
        ("evil", PROXY),
        ("", PROXY),
        (f"unknown, {CLIENT}", CLIENT),
        (", ".join(["192.0.2.1"] * 5000 + [CLIENT]), CLIENT),
    ],
)
def test_the_client_is_the_last_one_that_no_trusted_proxy_is(forwarded, address):
    """Each proxy has added the address of its own client at the end."""
    assert seen(["10.0.0.0/24"], PROXY, x_forwarded_for=forwarded)[0] == address


@pytest.mark.parametrize(
    ("trusted", "peer"),
    [
        (["10.0.0.1"], PROXY),
        (["192.0.2.1", "10.0.0.0/8"], PROXY),
        (["127.0.0.1"], "::ffff:127.0.0.1"),
        (["::1"], "::1"),
        (["fe80::/10"], "fe80::1%eth0"),
        (["unix"], ""),
    ],
)
def test_proxies_are_named_by_address_network_or_as_a_unix_socket(trusted, peer):
    """An IPv4 address is the same in a socket for IPv6."""
    found = seen(trusted, peer, x_forwarded_for=CLIENT, x_forwarded_proto="https")
    assert found == (CLIENT, "https")


@pytest.mark.parametrize("trusted", [[], ["10.0.0.2"], ["unix"], ["::/0"]])
def test_nobody_else_is_believed(trusted):
    """A client that reaches the server itself could write what it likes."""
    headers = {"x_forwarded_for": CLIENT, "x_forwarded_proto": "https"}
    assert seen(trusted, PROXY, **headers) == (PROXY, "http")
    assert seen(trusted, PROXY, forwarded=f"for={CLIENT}") == (PROXY, "http")


@pytest.mark.parametrize(
    ("proto", "scheme"),
    [("https", "https"), ("http", "http"), ("ftp", "http"), ("", "http")],
)
def test_the_scheme_is_that_of_the_client(proto, scheme):
    """Where TLS ends in the proxy, URLs of the application begin with https."""
    found = seen([PROXY], PROXY, x_forwarded_for=CLIENT, x_forwarded_proto=proto)
    assert found == (CLIENT, scheme)


@pytest.mark.parametrize(
    ("forwarded", "expected"),
    [
        (f"for={CLIENT};proto=https", (CLIENT, "https")),
        (f'For="{CLIENT}:5000" ; Proto=https; by=10.0.0.1', (CLIENT, "https")),
        ('for="[2001:db8::7]:5000"', ("2001:db8::7", "http")),
        (f"for=192.0.2.1, for={CLIENT}", (CLIENT, "http")),
        (f"for={CLIENT};proto=https, for=10.0.0.2;proto=http", (CLIENT, "https")),
        ("for=_hidden;proto=https", (PROXY, "https")),
        ("proto=https", (PROXY, "https")),
        ("for", (PROXY, "http")),
    ],
)
def test_forwarded_says_the_same(forwarded, expected):
    """The header of RFC 7239, where the other one is missing."""
    assert seen(["10.0.0.0/24"], PROXY, forwarded=forwarded) == expected


def test_a_client_cannot_overrule_the_proxy_with_forwarded():
    """A proxy that writes X-Forwarded-For passes on what it does not know."""
    found = seen([PROXY], PROXY, x_forwarded_for=CLIENT, forwarded="for=127.0.0.1")
    assert found[0] == CLIENT


@pytest.mark.parametrize(
    ("trusted", "came"),
    [
        ("127.0.0.1", "'127.0.0.1'"),
        ([5], "5"),
        (["localhost"], "'localhost'"),
        (["10.0.0.1/8"], "10.0.0.1/8"),
        ([""], "''"),
    ],
)
def test_names_must_be_addresses_or_networks(trusted, came):
    """The message says what was expected, and what came."""
    with pytest.raises((TypeError, ValueError)) as refused:
        WSocketApp(trusted_proxies=trusted)
    assert str(refused.value).startswith("trusted_proxies: expected")
    assert came in str(refused.value)


@pytest.mark.parametrize(("peer", "name"), [("127.0.0.1", "127.0.0.1"), ("", "unix")])
@pytest.mark.parametrize("header", ["x_forwarded_for", "forwarded"])
def test_a_proxy_on_this_machine_that_nobody_has_named_is_warned_of(
    caplog, peer, name, header
):
    """Once; it says what to write."""
    value = CLIENT if header == "x_forwarded_for" else f"for={CLIENT}"
    app = WSocketApp(trusted_proxies=["10.0.0.1"])
    for _ in range(2):
        list(app(request(peer, **{header: value}), lambda *unused: None))
    [record] = caplog.records
    assert f"its client is {CLIENT}, and is not believed" in record.getMessage()
    assert f"trusted_proxies=['{name}']" in record.getMessage()


@pytest.mark.parametrize(
    ("trusted", "peer", "forwarded"),
    [
        (["127.0.0.1"], "127.0.0.1", CLIENT),
        ([], "127.0.0.1", "127.0.0.1"),
        ([], "", "::1, 127.0.0.1"),
        ([], "127.0.0.1", "unknown"),
        ([], "127.0.0.1", f"{CLIENT}, unknown"),
        ([], "192.0.2.7", CLIENT),  # it may be the client who says so
    ],
)
def test_nothing_else_is_warned_of(caplog, trusted, peer, forwarded):
    """Where nothing would change, or where the client itself may have written it."""
    seen(trusted, peer, x_forwarded_for=forwarded)
    assert caplog.records == []
