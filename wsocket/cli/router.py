"""``wsocket router CONFIG.toml`` serves the router that a file describes, on gevent."""

from __future__ import annotations

import argparse
import sys

from gevent import monkey

from wsocket.cli import ctrl_c
from wsocket.cli.config_file import complaints, read_file
from wsocket.cli.streams import note
from wsocket.log import logger
from wsocket.standalone.serving import serve_router

EXAMPLES = """\
exit status:
  0 a signal has ended it, 1 the file has mistakes, or an address cannot be listened on,
  2 a wrong command line, or the file cannot be read

examples:
  wsocket router router.toml
  wsocket router router.toml --debug
"""


def add_arguments(router: argparse.ArgumentParser) -> None:
    """The arguments of ``wsocket router``."""
    router.epilog = EXAMPLES
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
    ctrl_c.raises()  # sockets may have files, which are removed in the end
    monkey.patch_all()
    if options.debug:
        logger.setLevel("DEBUG")
    reading = read_file(options.config)
    for line in complaints(reading, options.config):
        note(line)
    if reading.configuration is None:
        return 1
    try:
        serve_router(reading.configuration)
    except (OSError, ValueError) as error:
        if options.debug:
            raise
        sys.exit(f"wsocket: {getattr(error, 'strerror', None) or error}")
    return 0
