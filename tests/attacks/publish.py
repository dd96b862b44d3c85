"""Writing the table into docs/security.md."""

from __future__ import annotations

import sys
import textwrap
from collections.abc import Sequence
from datetime import date

from benchmarks.machine import machine
from tests.attacks.kinds import ATTACKS
from tests.attacks.table import table
from tests.attacks.trial import Outcome
from tests.programs import ROOT

DOCUMENT = ROOT / "docs" / "security.md"
BEGIN, END = "<!-- attacks: begin -->\n", "<!-- attacks: end -->\n"
WIDTH = 100  # columns of a line of Markdown


def publish(outcomes: Sequence[Outcome]) -> None:
    """Replace the table of the document.

    Raises:
        SystemExit: The document has no markers.
    """
    before, begin, rest = DOCUMENT.read_text().partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        sys.exit(f"{DOCUMENT} lacks the lines {BEGIN.strip()} and {END.strip()}")
    parts = [provenance(), table(outcomes).rstrip(), explanations(outcomes)]
    text = "\n\n".join(parts)
    DOCUMENT.write_text(f"{before}{BEGIN}\n{text}\n\n{END}{after}")


def provenance() -> str:
    """When and where."""
    where = machine()
    return textwrap.fill(
        f"{date.today():%-d %B %Y}, {where['processor']}, {where['cores']} cores, "
        f"{where['memory']}, {where['kernel']}, {where['python']}, "
        f"commit {where['commit']}.",
        WIDTH,
    )


def explanations(outcomes: Sequence[Outcome]) -> str:
    """What each attacker does."""
    names = dict.fromkeys(outcome.attack for outcome in outcomes)
    lines = (f"* *{name}*: {ATTACKS[name].sentence}" for name in names)
    return "\n".join(
        textwrap.fill(line, WIDTH, subsequent_indent="  ") for line in lines
    )
