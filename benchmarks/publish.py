"""Writing results: JSON, Markdown and plots, and the figures of the documentation."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from benchmarks.environments import HERE, ROOT
from benchmarks.plot import plots
from benchmarks.report import markdown

RESULTS = HERE / "results"
DOCUMENT = ROOT / "docs" / "performance.md"
IMAGES = ROOT / "docs" / "images"
BEGIN, END = "<!-- figures: begin -->\n", "<!-- figures: end -->\n"


def write_results(report: dict[str, Any], folder: Path = RESULTS) -> None:
    """Write ``results.json``, ``results.md`` and the plots into *folder*."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "results.json").write_text(json.dumps(report, indent=1) + "\n")
    write_plots(report, folder)
    (folder / "results.md").write_text(markdown(report, images=""))


def publish(report: dict[str, Any]) -> None:
    """Replace the figures of docs/performance.md, and its plots.

    Raises:
        SystemExit: The document has no markers.
    """
    text = DOCUMENT.read_text()
    before, begin, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        sys.exit(f"{DOCUMENT} lacks the lines {BEGIN.strip()} and {END.strip()}")
    write_plots(report, IMAGES)
    figures = markdown(report, images="images/")
    DOCUMENT.write_text(f"{before}{BEGIN}\n{figures}\n{END}{after}")


def write_plots(report: dict[str, Any], folder: Path) -> None:
    drawn = plots(report["results"])
    report["plots"] = list(drawn)
    for name, picture in drawn.items():
        (folder / f"performance-{name}.svg").write_text(picture)
