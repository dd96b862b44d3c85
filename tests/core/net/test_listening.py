"""Accepting from a listening socket while the process has no descriptor left."""

from __future__ import annotations

import contextlib
import errno
import os
import resource
import socket
from collections.abc import Iterator

import pytest

from wsocket.core.net.endpoints import parse_endpoint
from wsocket.core.net.listening import ListeningSocket


@contextlib.contextmanager
def no_descriptors() -> Iterator[None]:
    """Allow no further descriptor in this block."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    spare = os.dup(0)
    os.close(spare)  # the lowest free one
    resource.setrlimit(resource.RLIMIT_NOFILE, (spare, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


@pytest.fixture
def listening() -> Iterator[ListeningSocket]:
    """A socket that listens on any port."""
    made = ListeningSocket(parse_endpoint("tcp://127.0.0.1:0"))
    yield made
    made.release()


def test_nobody_waits(listening):
    """Then there is nothing to accept."""
    assert listening.accept() is None


def test_nobody_waits_while_there_is_no_descriptor(listening):
    """Linux says EMFILE without a look at who waits; nothing is amiss yet."""
    with no_descriptors():
        found = listening.accept()
    assert found is None


def test_a_client_that_there_is_no_descriptor_for_goes_on_waiting(listening):
    """The caller hears why, and has the client later."""
    with socket.create_connection(listening.sock.getsockname()) as client:
        with no_descriptors(), pytest.raises(OSError, match="Too many") as caught:
            listening.accept()
        sock, address = listening.accept()
        sock.close()
        assert caught.value.errno == errno.EMFILE
        assert address == client.getsockname()
