"""``wsocket check CONFIG.toml`` says what is wrong with a configuration file."""

from __future__ import annotations

import argparse

from wsocket.cli import usage
from wsocket.cli.config_file import complaints, read_file
from wsocket.standalone.configuration import Configuration

EXAMPLES = """\
output:
  A line for each mistake: FILE:LINE: what is wrong, and what to do. What ends with
  "(warning)" is no mistake.

exit status:
  0 all is well, 1 there are mistakes, 2 the file cannot be read

examples:
  wsocket check router.toml
  wsocket check router.toml && wsocket router router.toml
"""


def add_arguments(check: argparse.ArgumentParser) -> None:
    """The arguments of ``wsocket check``."""
    check.epilog = EXAMPLES
    check.add_argument("config", metavar="CONFIG.toml", help="the file to check")
    usage.add_debug(check)


def run(options: argparse.Namespace) -> int:
    """Print a line for each problem; the exit status is 1 if there is one."""
    reading = read_file(options.config)
    for line in complaints(reading, options.config):
        print(line)
    if reading.configuration is None:
        return 1
    print(f"{options.config}: all is well: {_summary(reading.configuration)}")
    return 0


def _summary(configuration: Configuration) -> str:
    names = ", ".join(realm.name for realm in configuration.realms)
    return f"realm{'s' * (len(configuration.realms) > 1)} {names}"
