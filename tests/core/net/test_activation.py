"""The variables by which systemd tells a process of its sockets."""

from __future__ import annotations

import pytest

from wsocket.core.net.activation import activated


def test_sockets_begin_with_descriptor_3():
    """The variables are removed: they are for this process only."""
    environ = {"LISTEN_PID": "17", "LISTEN_FDS": "2", "LISTEN_FDNAMES": "a:b", "A": "b"}
    assert activated(environ, 17) == [3, 4]
    assert environ == {"A": "b"}


@pytest.mark.parametrize(
    "environ",
    [
        {},
        {"LISTEN_FDS": "1"},
        {"LISTEN_PID": "18", "LISTEN_FDS": "1"},  # another process's
        {"LISTEN_PID": "17", "LISTEN_FDS": "one"},
    ],
)
def test_other_processes_have_none(environ):
    """And nothing is changed."""
    before = dict(environ)
    assert activated(environ, 17) == []
    assert environ == before
