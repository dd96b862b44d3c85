"""``wsocket router CONFIG.toml`` serves the router that a file describes, on gevent."""

from __future__ import annotations

import argparse
import sys

from gevent import monkey

from wsocket.cli.config_file import complaints, read_file
from wsocket.log import logger
from wsocket.standalone.serving import serve_router


def add_arguments(router: argparse.ArgumentParser) -> None:
    """The arguments of ``wsocket router``."""
    router.add_argument(
        "config",
        metavar="CONFIG.toml",
        help="what to serve; `wsocket init` writes an example",
    )
    router.add_argument(
        "--debug",
        action="store_true",
        help="log everything, and show the traceback of a failure",
    )


def run(options: argparse.Namespace) -> int:
    """Serve until a signal ends it; the exit status is 1 if the file has problems."""
    monkey.patch_all()
    if options.debug:
        logger.setLevel("DEBUG")
    reading = read_file(options.config)
    for line in complaints(reading, options.config):
        print(f"wsocket: {line}", file=sys.stderr)
    if reading.configuration is None:
        return 1
    try:
        serve_router(reading.configuration)
    except (OSError, ValueError) as error:
        if options.debug:
            raise
        sys.exit(f"wsocket: {getattr(error, 'strerror', None) or error}")
    return 0
