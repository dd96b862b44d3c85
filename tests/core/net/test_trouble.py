"""Trouble that lasts has two lines in the log."""

from __future__ import annotations

import errno

import pytest

from wsocket.core.net.trouble import QUIET, Trouble, is_shortage


def test_trouble_is_logged_when_it_begins_and_when_it_is_over(caplog):
    """Not each time, and not as over while it comes back again and again."""
    trouble = Trouble("cannot do it")
    trouble.passed(0)
    for moment in range(5):
        trouble.met("no room", moment * QUIET / 2)
        trouble.passed(moment * QUIET / 2)
    assert trouble
    assert [each.getMessage() for each in caplog.records] == ["cannot do it: no room"]
    trouble.passed(2 * QUIET)
    assert trouble
    trouble.passed(3 * QUIET)
    assert not trouble
    assert caplog.records[-1].getMessage() == "cannot do it: it works again"
    trouble.met("no room", 4 * QUIET)
    assert len(caplog.records) == 3


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (OSError(errno.EMFILE, "Too many open files"), True),
        (OSError(errno.ENOMEM, "Cannot allocate memory"), True),
        (RuntimeError("can't start new thread"), True),
        (MemoryError(), True),
        (OSError(errno.EBADF, "Bad file descriptor"), False),
        (ValueError("a bug"), False),
    ],
)
def test_a_shortage_is_no_bug(error, expected):
    """A bug gets a traceback in the log, a shortage does not."""
    assert is_shortage(error) is expected
