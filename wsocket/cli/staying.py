"""Sessions of commands that run until Ctrl-C: they connect again, and say so."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from wsocket.cli import ctrl_c
from wsocket.cli.connecting import joined
from wsocket.cli.failures import failure
from wsocket.cli.inbox import Inbox
from wsocket.cli.streams import note
from wsocket.client import Session, StateChange

AGAIN = object()
"""What `Stay.items` yields when the session is there again."""


class Stay:
    """A session, and what it brings.

    Args:
        quiet: Whether the user is not told of lost connections.
    """

    def __init__(self, url: str, *, quiet: bool) -> None:
        self._url = url
        self._quiet = quiet
        self._inbox: Inbox[Any] = Inbox()
        self._joined = False
        self.put = self._inbox.put
        self.close = self._inbox.close

    def items(self) -> Iterator[Any]:
        """What handlers have `put`, as it comes.

        `AGAIN` is among them after the session was connected again, and everything in
        it restored.

        Raises:
            CommandFailed: The session has ended for ever.
            KeyboardInterrupt: Ctrl-C; before this it ends the process at once.
        """
        ctrl_c.raises()
        while True:
            item = self._inbox.take()
            if not isinstance(item, StateChange):
                yield item
            elif self._heed(item):
                yield AGAIN

    def tell(self, text: str) -> None:
        """Tell the user, unless quiet."""
        if not self._quiet:
            note(text)

    def _heed(self, change: StateChange) -> bool:
        """Tell the user of a state, or end; returns whether it is joined again."""
        if change.error is not None:
            failed = failure(change.error, self._url)
            if change.state == "closed":
                raise failed
            self.tell(f"{failed}; trying again in {change.retry_in or 0:.1f} s")
        again = change.state == "joined" and self._joined
        if again:
            self.tell(f"connected to {self._url} again")
        self._joined = self._joined or change.state == "joined"
        for refusal in change.refused:
            raise failure(refusal, self._url)
        return again


def add_staying(parser: argparse.ArgumentParser) -> None:
    """Options of commands that run until Ctrl-C."""
    parser.add_argument(
        "-q",
        "--quiet",
        action="store_true",
        help="do not tell on stderr when it is ready, or connects again",
    )


@contextmanager
def staying(
    options: argparse.Namespace, *, handlers: int = 1
) -> Iterator[tuple[Session, Stay]]:
    """A session that comes back when its connection is lost, while the block runs.

    Args:
        handlers: How many handlers of events and calls run at once.

    Raises:
        CommandFailed: The router cannot be reached at first, or refuses something.
    """
    stay = Stay(options.url, quiet=options.quiet)
    with joined(options, on_state=stay.put, handlers=handlers) as session:
        try:
            yield session, stay
        finally:
            stay.close()
