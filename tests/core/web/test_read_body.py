"""Request bodies on servers that differ."""

from __future__ import annotations

import io

import pytest

from wsocket.core.web.read_body import read_body
from wsocket.errors import HttpError, RequestError


def always(size: int) -> bool:
    """There is room for the whole body."""
    return True


class Endless(io.RawIOBase):
    """An input that has more than the body, as wsgiref's has; counts what is read."""

    asked = 0

    def read(self, size: int = -1) -> bytes:
        assert size >= 0, "there is no end"
        self.asked += size
        return b"x" * size


def test_body_is_read_to_its_length_and_no_further():
    """What follows is the next request."""
    source = Endless()
    environ = {"CONTENT_LENGTH": "5", "wsgi.input": source}
    assert read_body(environ, limit=5, has=always) == b"xxxxx"
    assert source.asked == 5


@pytest.mark.parametrize(
    "length", [{}, {"CONTENT_LENGTH": ""}, {"CONTENT_LENGTH": "0"}]
)
def test_request_without_a_body(length):
    """The input is left alone."""
    environ = {**length, "wsgi.input": Endless()}
    assert read_body(environ, limit=5, has=always) == b""
    assert environ["wsgi.input"].asked == 0


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"CONTENT_LENGTH": "6"}, "413 "),
        ({"CONTENT_LENGTH": "9" * 18}, "413 "),
        ({"CONTENT_LENGTH": "9" * 5000}, "400 "),
        ({"CONTENT_LENGTH": "-1"}, "400 "),
        ({"CONTENT_LENGTH": "+5"}, "400 "),
        ({"CONTENT_LENGTH": "\u0665"}, "400 "),
        ({"HTTP_TRANSFER_ENCODING": "chunked"}, "411 "),
    ],
)
def test_body_that_is_refused_is_not_read(headers, status):
    """Neither a part of it."""
    environ = {**headers, "wsgi.input": Endless()}
    with pytest.raises(HttpError) as refused:
        read_body(environ, limit=5, has=always)
    assert refused.value.status.startswith(status)
    assert environ["wsgi.input"].asked == 0


def test_body_that_ends_early():
    """Some servers return less, some raise."""

    class Lost(io.RawIOBase):
        def read(self, size: int = -1) -> bytes:
            raise OSError("connection lost")

    for source in (io.BytesIO(b"xxx"), Lost()):
        with pytest.raises(HttpError) as refused:
            read_body(
                {"CONTENT_LENGTH": "5", "wsgi.input": source}, limit=5, has=always
            )
        assert refused.value.status == "400 Bad Request"


def test_malformed_body_is_for_the_server_to_answer():
    """It knows the status, and closes the connection."""

    class Malformed(io.RawIOBase):
        def read(self, size: int = -1) -> bytes:
            raise RequestError("408 Request Timeout", "it did not arrive")

    with pytest.raises(RequestError, match="it did not arrive"):
        read_body(
            {"CONTENT_LENGTH": "5", "wsgi.input": Malformed()}, limit=5, has=always
        )


def test_reading_ends_when_there_is_no_room():
    """Whoever keeps the bytes is told of all, and asked before there are more."""
    told = []

    def has(size: int) -> bool:
        told.append(size)
        return len(told) < 3

    source = Endless()
    environ = {"CONTENT_LENGTH": "1000000", "wsgi.input": source}
    with pytest.raises(HttpError):
        read_body(environ, limit=1_000_000, has=has)
    assert told == sorted(set(told))
    assert told[-1] == source.asked < 100_000
