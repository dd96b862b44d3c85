"""Whether the head of a request has come: the scan and the reader agree."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wsocket.core.http.fields import MAX_FIELDS
from wsocket.core.http.head_scan import (
    MAX_EMPTY_LINES,
    MAX_HEAD,
    MAX_REQUEST_LINE,
    HeadScan,
)
from wsocket.core.http.reader import RequestReader
from wsocket.errors import RequestError

HEAD = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"


class WouldBlock(Exception):
    """Nothing more has come, and the reader would wait."""


class SoFar:
    """A socket on which nothing comes after *data*."""

    def __init__(self, data: bytes) -> None:
        self._data = memoryview(data)

    def recv_into(self, buffer) -> int:
        if not self._data:
            raise WouldBlock
        part = self._data[: len(buffer)]
        buffer[: len(part)] = part
        self._data = self._data[len(part) :]
        return len(part)

    def _decref_socketios(self) -> None:
        """What `socket.SocketIO` calls when it is closed."""


def would_wait(data: bytes) -> bool:
    """Whether the reader of requests needs more than *data*."""
    try:
        RequestReader(SoFar(data), 5).next_request()
    except WouldBlock:
        return True
    except RequestError:
        return False
    return False


def first_whole(data: bytes, size: int) -> int | None:
    """After how many bytes, in parts of *size*, a request can be read."""
    scan = HeadScan()
    for start in range(0, len(data), size):
        if scan.add(data[start : start + size]):
            return min(len(data), start + size)
    return None


PIECES = [
    *(b"GET", b" ", b"/", b" HTTP/1.1", b"\r\n", b"\n", b"\r", b"Host: a", b":"),
    *(b"\r\n\r\n", HEAD, b"x"),
]


@given(
    st.one_of(st.binary(max_size=80), st.lists(st.sampled_from(PIECES)).map(b"".join)),
    st.integers(1, 9),
)
def test_scan_says_exactly_when_the_reader_would_not_wait(data, size):
    """Whatever comes, and in whatever parts."""
    whole = first_whole(data, size)
    if whole is None:
        assert would_wait(data)
    else:
        assert not would_wait(data[:whole])
        assert whole <= size or would_wait(data[: whole - size])


@pytest.mark.parametrize(
    ("data", "needed"),
    [
        (HEAD, len(HEAD)),
        (b"\r\n" * MAX_EMPTY_LINES + HEAD, 2 * MAX_EMPTY_LINES + len(HEAD)),
        (b"\r\n" * (MAX_EMPTY_LINES + 2), 2 * MAX_EMPTY_LINES + 2),
        (b"GET /" + b"x" * MAX_HEAD, MAX_REQUEST_LINE),
        (b"GET / HTTP/1.1\nHost: a\r\n", 15),
        (b"\n" + HEAD, 1),
        (b"\rGET", 2),
        (b"GET / HTTP/1.1\r\n" + b"X: 1\r\n" * 200, 16 + 6 * (MAX_FIELDS + 1)),
    ],
    ids=["head", "empty", "too empty", "line", "LF", "first LF", "CR", "fields"],
)
def test_request_can_be_read_as_soon_as_it_is_known(data, needed):
    """Byte by byte: not before, and not after."""
    assert first_whole(data, 1) == needed


def test_a_head_has_a_largest_size():
    """Which ends the wait: it is refused."""
    endless = b"GET / HTTP/1.1\r\n" + (b"X: " + b"x" * 995 + b"\r\n") * 100
    whole = first_whole(endless, 4096)
    assert whole is not None
    assert MAX_HEAD < whole <= MAX_HEAD + MAX_REQUEST_LINE + 4096
    assert not would_wait(endless[:whole])


@pytest.mark.parametrize("size", [1, 2, 3, 1000])
def test_only_empty_lines_are_no_beginning(size):
    """A client that sends them is idle; with anything else its time begins."""
    scan = HeadScan()
    for start in range(0, 9, size):
        assert not scan.add((b"\r\n" * 4 + b"\r")[start : start + size])
    assert not scan.begun
    scan.add(b"\nG")
    assert scan.begun
