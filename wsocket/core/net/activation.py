"""Sockets that systemd opened for the process (sd_listen_fds(3))."""

from __future__ import annotations

from collections.abc import MutableMapping

FIRST = 3  # after stdin, stdout and stderr


def activated(environ: MutableMapping[str, str], process: int) -> list[int]:
    """The file descriptors of the sockets, which the process has inherited.

    The variables are removed, so that the process's children do not take the sockets
    for theirs.

    Args:
        environ: The environment of the process.
        process: Its ID.
    """
    owner = environ.get("LISTEN_PID", "")
    count = environ.get("LISTEN_FDS", "")
    if owner != str(process) or not count.isdecimal():
        return []
    for name in ("LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES"):
        environ.pop(name, None)
    return list(range(FIRST, FIRST + int(count)))
