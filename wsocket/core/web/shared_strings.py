"""Strings of many requests, in memory once."""

from __future__ import annotations

import sys

from wsocket.core.wsgi import Environ


def with_shared_strings(environ: Environ) -> Environ:
    """A copy for a connection that stays open.

    Many clients send the same strings. The copy holds each of them in memory once.
    """
    intern = sys.intern  # a function around it would cost more than all the rest
    return {
        intern(key): intern(value) if type(value) is str else value
        for key, value in environ.items()
    }
