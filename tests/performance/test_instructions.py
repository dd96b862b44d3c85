"""`make instructions`: what callgrind has counted, beside what is kept."""

from __future__ import annotations

import json

import pytest

from benchmarks.instructions import callgrind, kept
from benchmarks.instructions.kept import Kept
from benchmarks.instructions.verdict import compare, differences, table

COUNTED = """\
# callgrind format
version: 1
creator: callgrind-3.19.0
pid: 8240
cmd: python -m benchmarks.instructions.driven
part: 3

desc: I1 cache:
desc: Trigger: Client Request: 2,000 echoes of 64 B

positions: line
events: Ir
summary: 156451725

ob=(1) /usr/lib/x86_64-linux-gnu/libc.so.6
totals: 156451725
"""


def test_a_file_of_callgrind_has_a_name_and_a_total():
    """The name is the one that the work has given to its dump."""
    assert callgrind.read(COUNTED) == ("2,000 echoes of 64 B", 156_451_725)


@pytest.mark.parametrize("gone", ["desc: Trigger", "totals: "])
def test_a_file_without_name_or_total_is_refused(gone):
    """Such as the one that callgrind writes when the program ends early."""
    with pytest.raises(ValueError, match="not a count of callgrind"):
        callgrind.read(COUNTED.replace(gone, "other: "))


def test_a_missing_program_is_named_with_its_package(monkeypatch, tmp_path):
    """One line says how to get everything that is missing."""
    (tmp_path / "cc").write_text("#!/bin/sh\n")
    (tmp_path / "cc").chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(SystemExit) as caught:
        callgrind.check_programs()
    assert caught.value.code == (
        "valgrind, setarch not found; on Debian, as root: "
        "apt-get install valgrind util-linux"
    )


@pytest.mark.parametrize("counted", [950, 1000, 1050])
def test_a_count_within_five_percent_passes(counted):
    """Neither a problem nor an advice."""
    [row] = compare({"joins": counted}, {"joins": 1000})
    assert (row.problem, row.advice) == (None, None)


def test_a_count_above_five_percent_is_a_problem():
    """The message names the row and says what to do."""
    [row] = compare({"joins": 1051}, {"joins": 1000})
    assert row.problem == (
        "joins: 5.1% more instructions than are kept; make it cheaper, or accept that "
        "with make instructions ARGS=--update"
    )
    assert row.advice is None


def test_a_count_below_five_percent_passes_with_an_advice():
    """Or the next change could take back what this one has gained."""
    [row] = compare({"joins": 949}, {"joins": 1000})
    assert row.problem is None
    assert row.advice == (
        "joins: 5.1% fewer instructions than are kept; keep the new count with "
        "make instructions ARGS=--update"
    )


def test_a_row_on_one_side_only_is_a_problem():
    """Work that is not compared does not pass silently."""
    rows = compare({"new": 1, "both": 1}, {"both": 1, "old": 1})
    assert [row.problem for row in rows] == [
        "new: counted, but not kept; run make instructions ARGS=--update",
        None,
        "old: kept, but not counted any more; run make instructions ARGS=--update",
    ]


def test_the_table_has_a_line_for_each_row():
    """A dash stands for what is missing."""
    rows = compare({"new": 1234, "joins": 1500}, {"joins": 1000})
    assert [line.split() for line in table(rows).splitlines()] == [
        ["counted", "kept", "ratio"],
        ["new", "1,234", "-", "-"],
        ["joins", "1,500", "1,000", "1.500"],
    ]


def test_other_versions_are_named():
    """They may be why counts differ; what is the same is not mentioned."""
    now = {"gevent": "26.9.0", "cc": "gcc 12", "mypy": "2.0"}
    then = {"gevent": "24.10.1", "cc": "gcc 12"}
    assert list(differences(now, then)) == [
        "gevent: 26.9.0; the counts were kept with 24.10.1",
        "mypy: 2.0; the counts were kept with none",
    ]


def test_counts_are_kept_for_each_interpreter(tmp_path):
    """To store those of one leaves the others as they are."""
    path = tmp_path / "counts.json"
    older, newer = Kept({"gevent": "1"}, {"joins": 1}), Kept({}, {"joins": 2})
    assert kept.load("CPython 3.11 x86_64", path) is None
    kept.store("CPython 3.11 x86_64", older, path)
    kept.store("CPython 3.13 x86_64", newer, path)
    assert kept.load("CPython 3.11 x86_64", path) == older
    assert kept.load("CPython 3.13 x86_64", path) == newer
    assert kept.load("CPython 3.10 x86_64", path) is None


def test_the_kept_counts_have_the_same_rows_for_each_interpreter():
    """A row that is new or renamed is counted again on all of them."""
    everything = json.loads(kept.FILE.read_text())
    assert len({tuple(each["instructions"]) for each in everything.values()}) == 1
