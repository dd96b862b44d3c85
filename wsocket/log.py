"""The package's logger, ``wsocket``.

No handler is installed on import: without any logging set-up Python prints warnings and
errors, tracebacks included, to stderr. `wsocket.run` installs one that shows everything
the logger's level lets through, unless the application has set up logging itself."""

import logging

logger = logging.getLogger("wsocket")

# A key of a request's environ: what the log calls a request whose path holds a secret.
LOGGED_AS = "wsocket.logged_as"


def log_to_stderr() -> None:
    """Show this package's log records on stderr unless the application handles them."""
    if not logger.hasHandlers():
        handler = logging.StreamHandler()
        handler.setFormatter(
            logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s")
        )
        logger.addHandler(handler)
