"""The first byte of a payload's part, in Python and as it is installed: in C, if it was
compiled.
"""

from __future__ import annotations

import importlib.util
import sys

import pytest
from msgspec import Raw

from wsocket.wamp import first_byte as installed


@pytest.fixture(params=["python", "installed"])
def first_byte(request, monkeypatch):
    """Both implementations in turn."""
    if request.param == "installed":
        return installed.first_byte
    monkeypatch.setitem(sys.modules, "wsocket.wamp._first_byte", None)
    spec = importlib.util.spec_from_file_location("interpreted", installed.__file__)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    assert module.first_byte is not installed.first_byte
    return module.first_byte


@pytest.mark.parametrize("data", [b"\0", b"[1]", b"\x91\x01", b"\xff" * 70_000])
def test_first_byte_is_a_number_from_0_to_255(first_byte, data):
    """Whatever follows it."""
    assert first_byte(Raw(data)) == data[0]


def test_nothing_has_no_first_byte(first_byte):
    """It is an error, not a byte from beyond."""
    with pytest.raises(IndexError):
        first_byte(Raw(b""))


def test_what_is_not_bytes_like_is_refused(first_byte):
    """It is an error, not a crash."""
    with pytest.raises(TypeError):
        first_byte(1)
