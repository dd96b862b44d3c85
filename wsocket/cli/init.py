"""``wsocket init`` writes an example of a configuration file."""

from __future__ import annotations

import argparse

from wsocket.cli import usage
from wsocket.cli.usage import UsageError
from wsocket.standalone.example import example

DEFAULT_PATH = "router.toml"

EXAMPLES = """\
exit status:
  0 success, 2 the file cannot be written, or is there already

examples:
  wsocket init
  wsocket init --force
  wsocket init chat.toml && wsocket check chat.toml
"""


def add_arguments(init: argparse.ArgumentParser) -> None:
    """The arguments of ``wsocket init``."""
    init.epilog = EXAMPLES
    init.add_argument(
        "path",
        metavar="PATH",
        nargs="?",
        default=DEFAULT_PATH,
        help=f"where to write it ({DEFAULT_PATH})",  # argparse hides this default
    )
    init.add_argument(
        "--force", action="store_true", help="overwrite a file that is there already"
    )
    usage.add_debug(init)


def run(options: argparse.Namespace) -> int:
    """Write the example."""
    path = options.path
    try:
        with open(path, "w" if options.force else "x", encoding="utf-8") as file:
            file.write(example())
    except FileExistsError:
        raise UsageError(f"{path} is there already; --force overwrites it") from None
    except (OSError, ValueError) as error:  # a NUL in the path is a ValueError
        problem = getattr(error, "strerror", None) or error
        raise UsageError(f"cannot write {path}: {problem}") from error
    print(f"wrote {path}; change it, then: wsocket check {path}; wsocket router {path}")
    return 0
