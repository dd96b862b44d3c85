"""The child of ``wsocket run --reload``: it tells its parent what it was loaded from.

It writes to a pipe: an object of JSON on each line, with files and their stamps
(`source_files`).
"""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Iterable, Iterator, MutableMapping
from contextlib import contextmanager
from select import POLLERR, poll  # gevent's own, which is set later, knows no mask of 0

import gevent

from wsocket.cli.source_files import files_of, loaded_files, stamps

# The environment variable with the sockets and the pipe: "3,4/5".
VARIABLE = "WSOCKET_RELOADED"

# Seconds between two looks for modules that were imported meanwhile.
_PERIOD = 0.25


class ReloadedServer:
    """What the child was given.

    Args:
        url: Where it listens, for `run`.
        pipe: The file descriptor of its end of the pipe.
    """

    def __init__(self, url: str, pipe: int) -> None:
        self.url = url
        os.set_inheritable(pipe, False)
        self._pipe = pipe
        self._reported: set[str] = set()

    @contextmanager
    def importing(self) -> Iterator[None]:
        """Report what is imported in this block, or what made that fail."""
        try:
            yield
        except BaseException as error:
            self._report(loaded_files() | files_of(error))
            raise
        self._report(loaded_files())
        gevent.spawn(self._keep_reporting)

    def _keep_reporting(self) -> None:
        """Report what is imported from now on; end this process after its parent."""
        parent = poll()
        parent.register(self._pipe, POLLERR)
        while not parent.poll(0):
            self._report(loaded_files())
            gevent.sleep(_PERIOD)
        os.kill(os.getpid(), signal.SIGTERM)

    def _report(self, files: Iterable[str]) -> None:
        new = set(files) - self._reported
        self._reported |= new
        if new:
            line = json.dumps(stamps(new)).encode() + b"\n"
            with open(self._pipe, "wb", closefd=False) as pipe:
                pipe.write(line)


def reloaded(environ: MutableMapping[str, str]) -> ReloadedServer | None:
    """What this process was given; None if it is not the child.

    The variable is removed, so that no other process takes the sockets for its own.
    """
    given = environ.pop(VARIABLE, None)
    if given is None:
        return None
    sockets, _, pipe = given.partition("/")
    return ReloadedServer(f"fd://{sockets}", int(pipe))
