"""Status and headers of a handler: completed, checked, refused by name."""

from __future__ import annotations

from http import HTTPStatus

import pytest

from wsocket.core.http.headers import (
    HOP_BY_HOP,
    forwardable,
    header_list,
    status_line,
    without_length,
)


@pytest.mark.parametrize(
    ("status", "line"),
    [
        (200, "200 OK"),
        ("200", "200 OK"),
        ("200 OK", "200 OK"),
        (" 200 ", "200 OK"),
        (404, "404 Not Found"),
        ("404 Gone Fishing", "404 Gone Fishing"),
        ("200 Très bien", "200 Très bien"),
        (HTTPStatus.CREATED, "201 Created"),
        (299, "299 Success"),
        (399, "399 Redirection"),
        (499, "499 Client Error"),
        ("599", "599 Server Error"),
        (999, "999 Unknown"),
    ],
)
def test_status_gets_the_reason_that_is_missing(status, line):
    """A given reason is kept; an unknown code gets that of its class."""
    assert status_line(status) == line


@pytest.mark.parametrize(
    ("status", "error", "problem"),
    [
        (None, TypeError, r"not None \(NoneType\)"),
        (True, TypeError, r"not True \(bool\)"),
        (200.0, TypeError, r"not 200.0 \(float\)"),
        (b"200 OK", TypeError, r"not b'200 OK' \(bytes\)"),
        (99, ValueError, "status 99 must be a code from 200 to 999"),
        (1000, ValueError, "status 1000 must"),
        (-200, ValueError, "status -200 must"),
        ("", ValueError, "status '' must"),
        ("OK", ValueError, "status 'OK' must"),
        ("099 Low", ValueError, "status '099 Low' must"),
        ("200OK", ValueError, "status '200OK' must"),
        ("\u0662\u0660\u0660", ValueError, "must be a code"),
        (101, ValueError, "status 101 is an interim response"),
        ("100 Continue", ValueError, "status '100 Continue' is an interim response"),
        ("200 O\r\nX: 1", ValueError, r"control character '\\r'"),
        ("200 O\nK", ValueError, r"control character '\\n'"),
        ("200 O\0K", ValueError, r"control character '\\x00'"),
        ("200 €", ValueError, "must not contain '€'"),
    ],
)
def test_wrong_status_is_refused_by_name(status, error, problem):
    """Type, range and characters are checked."""
    with pytest.raises(error, match=problem):
        status_line(status)


@pytest.mark.parametrize(
    ("headers", "pairs"),
    [
        ((), []),
        ({}, []),
        ([("X-A", "1"), ("X-A", "2")], [("X-A", "1"), ("X-A", "2")]),
        ({"X-A": "1", "X-B": ""}, [("X-A", "1"), ("X-B", "")]),
        ([["X-A", "1"]], [("X-A", "1")]),
        ({"Content-Length": 5}, [("Content-Length", "5")]),
        ({"X-Latin": "é"}, [("X-Latin", "é")]),
        ({"X-Tab": "a\tb"}, [("X-Tab", "a\tb")]),
        (iter([("X-A", "1")]), [("X-A", "1")]),
    ],
)
def test_headers_become_a_list_of_tuples(headers, pairs):
    """Dicts, lists and iterators will do; an int becomes its text."""
    assert header_list(headers) == pairs


@pytest.mark.parametrize(
    ("headers", "error", "problem"),
    [
        (None, TypeError, "headers must be a list .* not None"),
        ("X-A: 1", TypeError, "headers must be a list .* not 'X-A: 1'"),
        (b"X", TypeError, "headers must be a list"),
        (5, TypeError, r"headers must be a list .* not 5 \(int\)"),
        (["X-A: 1"], TypeError, "each header must be a .* tuple, not 'X-A: 1'"),
        ([("X-A",)], TypeError, r"each header must be a .* not \('X-A',\)"),
        ({b"X-A": "1"}, TypeError, "header name b'X-A' must be a str, not bytes"),
        ({"X-A": b"1"}, TypeError, r"header 'X-A' must have .* not b'1' \(bytes\)"),
        ({"X-A": None}, TypeError, r"header 'X-A' must have .* not None"),
        ({"X-A": True}, TypeError, r"header 'X-A' must have .* not True"),
        ({"X A": "1"}, ValueError, "header name 'X A' may hold"),
        ({"X-A:": "1"}, ValueError, "header name 'X-A:' may hold"),
        ({"": "1"}, ValueError, "header name '' may hold"),
        ({"X-A\r\n": "1"}, ValueError, r"header name 'X-A\\r\\n' may hold"),
        ({"X-Ä": "1"}, ValueError, "header name 'X-Ä' may hold"),
        ({"X-A": "1\r\nX-B: 2"}, ValueError, r"header 'X-A' must not .* '\\r'"),
        ({"X-A": "1\n"}, ValueError, r"header 'X-A' must not .* '\\n'"),
        ({"X-A": "\0"}, ValueError, r"header 'X-A' must not .* '\\x00'"),
        ({"X-A": "10 €"}, ValueError, "header 'X-A' must not contain '€'"),
        ({"Content-Length": "many"}, ValueError, "'Content-Length' must be a number"),
        ({"content-length": -1}, ValueError, "'Content-Length' must be a number"),
        ({"Content-Length": "\u0665"}, ValueError, "'Content-Length' must be a number"),
        (
            [("Content-Type", "text/plain"), ("content-type", "text/html")],
            ValueError,
            "header 'Content-Type' is given more than once",
        ),
    ],
)
def test_wrong_headers_are_refused_by_name(headers, error, problem):
    """Types and characters are checked; the message names the offender."""
    with pytest.raises(error, match=problem):
        header_list(headers)


@pytest.mark.parametrize("name", [*sorted(HOP_BY_HOP), "Connection", "UPGRADE"])
def test_hop_by_hop_headers_are_refused(name):
    """PEP 3333 leaves them to the server."""
    with pytest.raises(ValueError, match=f"header '{name}' is hop-by-hop"):
        header_list({name: "x"})


# Headers about the connection


ABOUT_THE_CONNECTION = [
    *("Connection", "Keep-Alive", "Proxy-Authenticate", "Proxy-Authorization"),
    *("Proxy-Connection", "TE", "Trailer", "Trailers", "Transfer-Encoding", "Upgrade"),
]


@pytest.mark.parametrize("change", [str, str.lower, str.upper])
@pytest.mark.parametrize("name", ABOUT_THE_CONNECTION)
def test_header_about_the_connection_can_be_left_out(name, change):
    """Whatever the case of its name; an error otherwise."""
    with pytest.raises(ValueError, match="is hop-by-hop"):
        header_list([(change(name), "x")])
    kept = [("X-A", "1"), ("Content-Type", "text/plain")]
    given = [kept[0], (change(name), "x"), kept[1]]
    assert forwardable(given) == (kept, [change(name)])


@pytest.mark.parametrize(
    "connection", ["X-Own", "close, X-Own", "x-own , keep-alive", ",X-OWN,"]
)
def test_headers_that_connection_names_are_left_out(connection):
    """RFC 9110 section 7.6.1."""
    given = {"X-Own": "1", "Connection": connection, "X-Owned": "2"}
    assert forwardable(given) == ([("X-Owned", "2")], ["X-Own", "Connection"])


def test_header_of_a_usual_name_is_left_out_only_if_it_is_named():
    """Without a Connection header all are kept."""
    for given in ([("X-Own", "1")], {"X-Own": 1}, iter([("X-Own", "1")])):
        assert forwardable(given) == ([("X-Own", "1")], [])


@pytest.mark.parametrize(
    ("wrong", "problem"),
    [
        ([(b"A", "b")], "must be a str, not bytes"),
        (["A: b"], "must be a \\(name, value\\) tuple"),
        ([("A", "b", "c")], "must be a \\(name, value\\) tuple"),
        ([("A", None)], "must have a str or int"),
        ([("A", "b\nC: d")], "must not contain"),
    ],
)
def test_other_headers_are_checked_all_the_same(wrong, problem):
    """Before and after those that are left out, and without them."""
    hop = [("Connection", "close")]
    for given in (wrong, hop + wrong, wrong + hop):
        with pytest.raises((TypeError, ValueError), match=problem) as refused:
            forwardable(given)
        assert refused.value.__context__ is None


def test_length_can_be_left_out():
    """For responses that have none."""
    given = [("content-LENGTH", "4"), ("X-A", "1")]
    assert without_length(given) == [("X-A", "1")]
