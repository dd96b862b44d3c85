"""What the fuzzer has found: the bytes, and what comes of them now."""

from __future__ import annotations

import pytest

from tests.fuzz.test_corpus import run_one

# Target, bytes, outcome.
FOUND = {
    # Whoever is in front of the server must not see another value: here it was "1".
    "a line that ends with LF alone, in a head that comes in two portions": (
        "http_head",
        b"\x05\0\0GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 12\n\r\n",
        ["400 Bad Request"],
    ),
    "a NUL and no ASCII in JSON": (
        "json",
        '[16,1,{},"a.b",["\\u0000\u00e9"]]'.encode(),
        [
            "Publish",
            [b'["\\u0000\xc3\xa9"]'],
            [b"\x91\xa3\0\xc3\xa9"],
            [b"[SU\x03\0\xc3\xa9]"],
            [b"\x81\x63\0\xc3\xa9"],
        ],
    ),
}


@pytest.mark.parametrize(
    ("target", "data", "outcome"), list(FOUND.values()), ids=list(FOUND)
)
def test_what_was_found_is_mended(target, data, outcome):
    """It stays so."""
    assert run_one(target, data) == outcome
