"""Whatever a file has in it, `wsocket check` explains it, and never fails."""

from __future__ import annotations

import contextlib
import io
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.standalone.toml_texts import documents
from wsocket import cli

PROBLEM = re.compile(r"FILE:(\d+): (.*)")
UNKNOWN = re.compile(r"FILE:(\d+): (?:.*[.\]])?(\w+): unknown option.*")

Check = Callable[[bytes], list[str]]


@pytest.fixture(scope="module")
def check_content(tmp_path_factory: pytest.TempPathFactory) -> Check:
    """What is said of a content: problems with exit status 1, or that all is well."""
    path = tmp_path_factory.mktemp("any") / "router.toml"

    def check(content: bytes) -> list[str]:
        path.write_bytes(content)
        said = io.StringIO()
        with contextlib.redirect_stdout(said):
            status = cli.main(["check", str(path)])
        lines = said.getvalue().replace(str(path), "FILE").splitlines()
        assert status == (0 if lines[-1].startswith("FILE: all is well") else 1)
        return lines[: -1 if status == 0 else None]

    return check


@settings(max_examples=30)
@given(documents())
def test_every_document_is_explained(check_content, text):
    """It is TOML, so each problem has a place; an unknown option is on its line."""
    lines = text.split("\n")
    for line in check_content(text.encode()):
        assert PROBLEM.fullmatch(line), line
        assert "not TOML" not in line, text
        if found := UNKNOWN.fullmatch(line):
            assert found[2] in lines[int(found[1]) - 1], (line, text)


@settings(max_examples=30)
@given(
    st.binary(max_size=60)
    | st.text(max_size=60).map(lambda text: text.encode("utf-8", "replace"))
)
def test_every_content_is_explained(check_content, content):
    """Be it bytes or text."""
    for line in check_content(content):
        found = PROBLEM.fullmatch(line)
        assert found, line
        assert 1 <= int(found[1]) <= content.count(b"\n") + 1


@settings(max_examples=30)
@given(st.data())
def test_every_damaged_example_is_explained(check_content, example, data):
    """A piece is missing, or stands in another place."""
    begin, end, target = sorted(
        data.draw(st.tuples(*[st.integers(0, len(example))] * 3))
    )
    damaged = data.draw(
        st.sampled_from(
            [
                example[:begin] + example[end:],
                example[:begin] + example[end:target] + example[begin:end],
                example[:target] + example[begin:end] + example[target:],
            ]
        )
    )
    for line in check_content(damaged.encode()):
        assert PROBLEM.fullmatch(line), line


@pytest.fixture(scope="module")
def example(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The example with all options in use, without its comments."""
    path: Path = tmp_path_factory.mktemp("example") / "router.toml"
    with contextlib.redirect_stdout(io.StringIO()):
        assert cli.main(["init", str(path)]) == 0
    return "\n".join(
        line.removeprefix("#")
        for line in path.read_text().splitlines()
        if not line.startswith("# ")
    )
