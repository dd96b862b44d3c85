"""Results as Markdown. Pure: the content of the JSON file in, text out."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from typing import Any

from benchmarks.results import LOAD_LIMIT, METRICS
from benchmarks.scenarios import GROUPS

Result = dict[str, Any]

SIGNIFICANT_DIGITS = 3
MILLION = 1_000_000
WIDTH = 100  # columns of a line of Markdown
LIMITED = "†"  # the load generator is the limit


def markdown(report: dict[str, Any], *, images: str) -> str:
    """All tables.

    Args:
        images: Where the plots are, as the Markdown file sees it: a path that ends
            with a slash, or is empty.
    """
    parts = [provenance(report)]
    for name, group in GROUPS.items():
        results = [each for each in report["results"] if each["group"] == name]
        if not results:
            continue
        parts.append(f"### {group.title}\n\n{filled(group.explanation)}")
        if name in report["plots"]:
            parts.append(f"![{group.title}]({images}performance-{name}.svg)")
        parts += [table(results, metric=metric) for metric in group.metrics]
        parts += notes(results)
    if report["micro"]:
        parts.append(micro_table(report["micro"]))
    return "\n\n".join(parts) + "\n"


def provenance(report: dict[str, Any]) -> str:
    """When, where and how."""
    where = report["machine"]
    machine = (
        f"{report['date']}, {where['processor']}, {where['cores']} cores, "
        f"{where['memory']}, {where['kernel']}, {where['python']}, "
        f"commit {where['commit']}."
    )
    versions = ", ".join(f"{name} {it}" for name, it in report["versions"].items())
    command = (
        f"`{report['command']}`: rounds: {report['rounds']}; "
        f"each measurement: {report['seconds']:g} s."
    )
    hard_break = "  \n"
    return hard_break.join(map(filled, [machine, f"{versions}.", command]))


def filled(text: str, *, indent: str = "") -> str:
    """In lines that fit, with room for the two spaces of a hard break."""
    return textwrap.fill(
        text,
        WIDTH - 2,
        subsequent_indent=indent,
        break_long_words=False,
        break_on_hyphens=False,
    )


def table(results: Sequence[Result], *, metric: str) -> str:
    """Scenarios down, contenders across; or as `narrow` has it, where that is wide."""
    contenders = list(dict.fromkeys(each["contender"] for each in results))
    cells = {(each["scenario"], each["contender"]): each for each in results}
    grid = [["", *contenders]]
    for scenario in dict.fromkeys(each["scenario"] for each in results):
        found = [cells.get((scenario, contender)) for contender in contenders]
        grid.append([scenario, *(cell(each, metric=metric) for each in found)])
    title = METRICS[metric].title
    return "\n\n".join([f"{title[0].upper()}{title[1:]}:", *narrow(grid)])


def narrow(grid: list[list[str]]) -> list[str]:
    """One table if its lines fit; else several, each with a few rows as columns."""
    whole = drawn(grid)
    if width(whole) <= WIDTH:
        return [whole]
    heads, *rows = grid
    count = next(
        (n for n in range(len(rows), 1, -1) if all_fit(heads, chunks(rows, n))), 1
    )
    return [drawn(turned([heads, *some])) for some in chunks(rows, count)]


def all_fit(heads: list[str], groups: list[list[list[str]]]) -> bool:
    return all(width(drawn(turned([heads, *group]))) <= WIDTH for group in groups)


def chunks(rows: list[list[str]], count: int) -> list[list[list[str]]]:
    return [rows[start : start + count] for start in range(0, len(rows), count)]


def turned(grid: list[list[str]]) -> list[list[str]]:
    """Rows as columns."""
    return [list(column) for column in zip(*grid, strict=True)]


def width(text: str) -> int:
    return max(map(len, text.splitlines()))


def drawn(grid: list[list[str]]) -> str:
    heads, *rows = grid
    return "\n".join(
        row(each) for each in [heads, ["---", *["---:"] * (len(heads) - 1)], *rows]
    )


def row(cells: Sequence[str]) -> str:
    return ("| " + " | ".join(cells) + " |").replace("|  |", "| |")


def cell(result: Result | None, *, metric: str) -> str:
    """The median, with the smallest and the largest in brackets."""
    if result is None:
        return ""
    if result["error"]:
        return "failed"
    spread = result["metrics"][metric]
    mark = LIMITED if metric == "per_second" and is_limited(result) else ""
    low, high = number(spread["min"]), number(spread["max"])
    return f"{number(spread['median'])}{mark} ({low}-{high})"


def is_limited(result: Result) -> bool:
    """Whether the load generator had no time left: the server may do more."""
    share: float = result["load_share"]
    return share >= LOAD_LIMIT


def number(value: float) -> str:
    """Three significant digits, thousands separated; M is a million."""
    if value >= MILLION * 0.9995:
        return number(value / MILLION) + "M"
    if value >= 999.5:
        rounded = float(f"{value:.{SIGNIFICANT_DIGITS}g}")
        return f"{rounded:,.0f}"
    if value == 0:
        return "0"
    text = f"{value:#.{SIGNIFICANT_DIGITS}g}".rstrip(".")
    return f"{value:.4f}" if "e" in text else text


def notes(results: Sequence[Result]) -> list[str]:
    """What the tables cannot say: failures, and what the load generator used."""
    lines = [
        f"* {each['contender']}, {each['scenario']}: {each['error']}"
        for each in results
        if each["error"]
    ]
    shares = [each["load_share"] for each in results if not each["error"]]
    if shares:
        lines.append(
            f"* The load generator used {min(shares):.0%} to {max(shares):.0%} of its "
            f"core. {LIMITED} marks rates at which it had no time left."
        )
    return ["\n".join(filled(each, indent="  ") for each in lines)] if lines else []


def micro_table(benchmarks: Sequence[dict[str, Any]]) -> str:
    """The micro-benchmarks."""
    lines = [
        "### Parts of the router, alone",
        "",
        "pytest-benchmark, microseconds for each operation.",
        "",
        row(["operation", "median", "smallest"]),
        row(["---", "---:", "---:"]),
    ]
    lines += [
        row([each["name"], number(each["median_us"]), number(each["min_us"])])
        for each in benchmarks
    ]
    return "\n".join(lines)
