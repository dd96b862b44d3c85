"""What goes wrong between a command and a router, in the words of a command line."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from wsocket.cli.exit_status import FAILED, UNREACHABLE, CommandFailed
from wsocket.errors import (
    ApplicationError,
    ConnectFailed,
    ConnectionLost,
    JoinRefused,
    PayloadError,
)


@contextmanager
def explained(url: str) -> Iterator[None]:
    """What goes wrong with the router in this block is raised as `CommandFailed`."""
    try:
        yield
    except (ApplicationError, PayloadError) as error:
        raise CommandFailed(str(error)) from error
    except (ConnectFailed, ConnectionLost, JoinRefused) as error:
        raise failure(error, url) from error


def failure(error: Exception, url: str) -> CommandFailed:
    """What ends a command because of *error*, which ended its session."""
    is_lost = isinstance(error, (ConnectFailed, ConnectionLost))
    message = str(error)
    return CommandFailed(
        message if url in message else f"{url}: {message}",
        UNREACHABLE if is_lost else FAILED,
    )
