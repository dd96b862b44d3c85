"""What the command line returns, and the failures that end a command."""

from __future__ import annotations

# 0 is success, 2 is what argparse uses for a wrong command line.
FAILED = 1  # the other side answered with a WAMP error, or refused the session
USAGE = 2
UNREACHABLE = 3  # nobody answers there, or the connection was lost
INTERRUPTED = 130  # 128 + SIGINT, as shells count
PIPE_CLOSED = 141  # 128 + SIGPIPE: whoever reads the output has enough of it


class CommandFailed(Exception):
    """A command cannot go on; the message says why, and the user sees nothing else.

    Args:
        of_application: What the user's own code has raised; its traceback is shown.

    Attributes:
        status: What the process returns.
    """

    def __init__(
        self,
        message: str,
        status: int = FAILED,
        *,
        of_application: BaseException | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.of_application = of_application
