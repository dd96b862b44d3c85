"""``wsocket doctor`` says what is installed, and what each missing piece costs."""

from __future__ import annotations

import argparse
import json

from wsocket.cli import usage
from wsocket.cli.exit_status import FAILED
from wsocket.cli.findings import Finding, findings
from wsocket.cli.streams import write_line

EXAMPLES = """\
exit status:
  0 success, 1 something is broken

examples:
  wsocket doctor
  wsocket doctor --json | jq -r 'select(.verdict != "ok").name'
"""

_WIDTH = 18


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments of ``wsocket doctor``."""
    parser.epilog = EXAMPLES
    parser.add_argument(
        "--json", action="store_true", help="print an object of JSON on each line"
    )
    usage.add_debug(parser)


def run(options: argparse.Namespace) -> int:
    """Print what was found; 1 if something is broken."""
    broken = False
    for finding in findings():
        write_line(json.dumps(finding._asdict()) if options.json else _line(finding))
        broken = broken or finding.verdict == "broken"
    return FAILED if broken else 0


def _line(finding: Finding) -> str:
    line = f"{finding.name:<{_WIDTH}}{finding.value}"
    if finding.verdict == "ok":
        return line
    return f"{line}\n{'':<{_WIDTH}}{finding.verdict}: {finding.advice}"
