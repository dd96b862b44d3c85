"""Which kind of concurrency the calling code belongs to."""

from __future__ import annotations

import gevent

from wsocket.core.concurrency.kinds import in_greenlet


def test_code_of_a_thread_is_in_no_greenlet():
    """But what gevent has started is."""
    assert not in_greenlet()
    assert gevent.spawn(in_greenlet).get()


def test_thread_without_greenlets_is_in_none(monkeypatch):
    """uWSGI ends Python in one: greenlet then fails in a strange way."""

    def fail():
        raise SystemError("<built-in function getcurrent> returned NULL")

    monkeypatch.setattr(gevent, "getcurrent", fail)
    assert not in_greenlet()
