"""Results as Markdown. Pure: the content of the JSON file in, text out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from benchmarks.results import LOAD_LIMIT, METRICS
from benchmarks.scenarios import GROUPS

Result = dict[str, Any]

SIGNIFICANT_DIGITS = 3
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
        parts.append(f"### {group.title}\n\n{group.explanation}")
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
    versions = ", ".join(f"{name} {it}" for name, it in report["versions"].items())
    return (
        f"{report['date']}, {where['processor']}, {where['cores']} cores, "
        f"{where['memory']}, {where['kernel']}, {where['python']}, "
        f"commit {where['commit']}.  \n"
        f"{versions}.  \n"
        f"`{report['command']}`: rounds: {report['rounds']}; "
        f"each measurement: {report['seconds']:g} s."
    )


def table(results: Sequence[Result], *, metric: str) -> str:
    """Scenarios down, contenders across."""
    contenders = list(dict.fromkeys(each["contender"] for each in results))
    cells = {(each["scenario"], each["contender"]): each for each in results}
    lines = [
        row([METRICS[metric].title, *contenders]),
        row(["---", *["---:"] * len(contenders)]),
    ]
    for scenario in dict.fromkeys(each["scenario"] for each in results):
        found = [cells.get((scenario, contender)) for contender in contenders]
        lines.append(row([scenario, *(cell(each, metric=metric) for each in found)]))
    return "\n".join(lines)


def row(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cells) + " |"


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
    """Three significant digits, thousands separated."""
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
    return ["\n".join(lines)] if lines else []


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
