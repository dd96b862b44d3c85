"""Tests that run on each of our servers."""

from __future__ import annotations

import pytest

# The one of gevent has a process of its own.
_KINDS = ["threads", pytest.param("gevent", marks=pytest.mark.processes)]

on_every_server = pytest.mark.parametrize("url", _KINDS, indirect=True)
