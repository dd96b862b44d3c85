"""The package's logger, ``wsocket``.

No handler is installed on import. If the application has not set up logging, Python
prints warnings and errors, with tracebacks, to stderr. `wsocket.run` then installs a
handler that shows every record from the logger's level on."""

import logging

logger = logging.getLogger("wsocket")

# A key of environ: the name in the log of a request whose path contains a secret.
LOGGED_AS = "wsocket.logged_as"


def log_to_stderr() -> None:
    """Show this package's log records on stderr unless the application handles them."""
    if not logger.hasHandlers():
        handler = logging.StreamHandler()
        handler.setFormatter(
            logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s")
        )
        logger.addHandler(handler)
