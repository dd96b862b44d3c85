"""What the benchmarks write: medians, tables, plots, the figures of the document."""

from __future__ import annotations

import os
import xml.etree.ElementTree as ElementTree
from argparse import ArgumentTypeError

import pytest

from benchmarks import publish
from benchmarks.contenders import CONTENDERS, guest
from benchmarks.environments import Unavailable
from benchmarks.measure import Bench, measure
from benchmarks.plot import plots
from benchmarks.report import markdown, number
from benchmarks.results import summarize
from benchmarks.scenarios import GROUPS, SCENARIOS
from benchmarks.server import running

ECHO = next(each for each in SCENARIOS if each.name == "64 B 1x64")
SVG = "{http://www.w3.org/2000/svg}"


def run(per_second: float, *, load_cpu: float = 0.5) -> dict[str, float]:
    """What the load generator reports of one second."""
    return {
        "operations": per_second,
        "seconds": 1.0,
        "per_second": per_second,
        "p50_us": 1e6 / per_second,
        "server_cpu_seconds": 0.9,
        "load_cpu_seconds": load_cpu,
    }


def report(*results: dict) -> dict:
    return {
        "date": "1 January 2030",
        "command": "python -m benchmarks",
        "rounds": 3,
        "seconds": 1.0,
        "machine": dict.fromkeys(
            ("processor", "cores", "memory", "kernel", "python", "commit"), "unknown"
        ),
        "versions": {"wsocket": "1.0"},
        "results": list(results),
        "micro": [{"name": "call", "median_us": 9.87, "min_us": 8.76}],
        "plots": [],
    }


def line_of(text: str, beginning: str) -> str:
    """The first line that begins so."""
    return next(line for line in text.splitlines() if line.startswith(beginning))


def test_a_cell_has_the_median_the_smallest_and_the_largest():
    """The rounds in any order."""
    result = summarize(ECHO, "one", [run(3000), run(1000), run(2000)])
    text = markdown(report(result), images="")
    assert line_of(text, "| 64 B 1x64") == "| 64 B 1x64 | 2,000 (1,000-3,000) |"


def test_cpu_time_is_divided_by_the_operations():
    """0.9 seconds for 1,000 operations."""
    result = summarize(ECHO, "one", [run(1000)])
    assert result["metrics"]["cpu_us"]["median"] == pytest.approx(900)


def test_a_contender_that_failed_is_in_the_table_with_the_reason():
    """It is not dropped, and has no figure even if other rounds went well."""
    bad = summarize(ECHO, "two", [run(1000), {"error": "it is broken"}])
    text = markdown(report(summarize(ECHO, "one", [run(1000)]), bad), images="")
    assert "Operations a second:\n\n| | one | two |\n" in text
    assert line_of(text, "| 64 B 1x64").endswith("| failed |")
    assert "* two, 64 B 1x64: it is broken" in text


def test_tables_that_are_too_wide_have_the_contenders_down():
    """Seven contenders do not fit side by side; no line is above 100 columns."""
    names = [f"contender number {number}" for number in range(7)]
    text = markdown(
        report(*(summarize(ECHO, name, [run(100_000)]) for name in names)), images=""
    )
    assert "| | 64 B 1x64 |\n" in text
    assert line_of(text, "| contender number 6") == (
        "| contender number 6 | 100,000 (100,000-100,000) |"
    )
    assert max(map(len, text.splitlines())) <= 100


def test_a_rate_that_the_load_limited_is_marked():
    """From 90 % of its core on."""
    free = summarize(ECHO, "one", [run(1000, load_cpu=0.89)])
    limited = summarize(ECHO, "two", [run(1000, load_cpu=0.91)])
    text = markdown(report(free, limited), images="")
    cells = line_of(text, "| 64 B 1x64").split(" | ")
    assert ["†" in cell for cell in cells] == [False, False, True]


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (0, "0"),
        (0.00001234, "0.0000"),
        (0.1234, "0.123"),
        (9.999, "10.0"),
        (123.4, "123"),
        (999.4, "999"),
        (999.9, "1,000"),
        (1234.5, "1,230"),
        (999_400, "999,000"),
        (999_900, "1.00M"),
        (2_083_456, "2.08M"),
    ],
)
def test_numbers_have_three_digits(value, shown):
    """What is beyond them is noise."""
    assert number(value) == shown


def test_plots_are_well_formed_and_to_scale():
    """The bars are as long as the medians say; who failed has none."""
    results = [
        summarize(ECHO, "wsocket <1>", [run(1000)]),
        summarize(ECHO, "two", [run(250)]),
        summarize(ECHO, "three", [{"error": "it is broken"}]),
    ]
    [(name, picture)] = plots(results).items()
    assert name == "echo"
    root = ElementTree.fromstring(picture)
    bars = [each for each in root.iter(f"{SVG}rect") if "bar" in each.attrib["class"]]
    widths = [float(each.attrib["width"]) for each in bars]
    assert widths[1] == pytest.approx(widths[0] / 4, abs=0.1)
    assert len(bars) == 2
    assert "wsocket <1>" in "".join(root.itertext())


def test_publishing_replaces_the_figures_and_nothing_else(tmp_path, monkeypatch):
    """What is between the markers of the document, and the plots."""
    document = tmp_path / "performance.md"
    document.write_text(f"before\n{publish.BEGIN}old\n{publish.END}after\n")
    monkeypatch.setattr(publish, "DOCUMENT", document)
    monkeypatch.setattr(publish, "IMAGES", tmp_path)
    publish.publish(report(summarize(ECHO, "one", [run(1000)])))
    text = document.read_text()
    assert text.startswith(f"before\n{publish.BEGIN}")
    assert text.endswith(f"{publish.END}after\n")
    assert "old" not in text
    assert "(images/performance-echo.svg)" in text
    assert (tmp_path / "performance-echo.svg").exists()


def test_the_document_has_the_markers():
    """Or `make bench ARGS=--publish` would measure for hours and then fail."""
    text = publish.DOCUMENT.read_text()
    assert text.count(publish.BEGIN) == text.count(publish.END) == 1


def test_every_scenario_has_contenders_and_a_row_of_its_own():
    """And what is plotted exists."""
    rows = [(each.group, each.name) for each in SCENARIOS]
    assert len(set(rows)) == len(rows)
    offered = {service for each in CONTENDERS for service in each.services}
    assert {each.service for each in SCENARIOS} == offered
    for name, group in GROUPS.items():
        assert {(name, scenario) for scenario in group.plotted} <= set(rows)


@pytest.mark.processes
def test_a_server_that_does_not_start_is_a_result():
    """It says why, with the last line of the server's log."""
    broken = guest("broken:echo=/bin/sh -c 'echo no such port; exit 3' {port}")
    core = min(os.sched_getaffinity(0))
    with pytest.raises(Unavailable), running(broken, core=core):
        pass
    bench = Bench(publish.RESULTS, seconds=1.0, server_core=core, load_core=core)
    found = measure(ECHO, broken, bench=bench)
    assert found == {"error": "ended with status 3: no such port"}


@pytest.mark.parametrize("text", ["x", "x=y", "=y {port}", "x:tea=y {port}"])
def test_a_contender_must_be_described_completely(text):
    """The message says what was expected."""
    with pytest.raises(ArgumentTypeError, match="expected NAME=COMMAND"):
        guest(text)
