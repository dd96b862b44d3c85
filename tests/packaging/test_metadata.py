"""What the package index shows, and what the installed package points to."""

from __future__ import annotations

import ast
import re
import shutil
import sys
from collections.abc import Iterator
from email.message import Message
from email.parser import Parser
from urllib.parse import urlsplit

import pytest

from tests.programs import ROOT, ended
from wsocket.project import ADDRESS, __version__, document

BUILT_FROM = ("setup.py", "pyproject.toml", "README.md", "LICENSE")
MAKE = """
import sys
from setuptools import build_meta
print(build_meta.prepare_metadata_for_build_wheel(sys.argv[1]))
"""
TAG = f"v{__version__}"
NAMED = re.compile(r"docs/[\w/.-]+")
LINK = re.compile(r"\]\(([^)]*)\)")
FILE_OF_OURS = re.compile(rf"{re.escape(ADDRESS)}/(?:blob|raw)/([^/]+)/([^#]*)")


@pytest.fixture(scope="module")
def metadata(processes: None, tmp_path_factory: pytest.TempPathFactory) -> Message:
    """As a wheel has it."""
    place = tmp_path_factory.mktemp("sources")
    for name in BUILT_FROM:
        shutil.copy(ROOT / name, place)
    shutil.copytree(
        *(ROOT / "wsocket", place / "wsocket"),
        ignore=shutil.ignore_patterns("__pycache__", "*.so"),
    )
    made = place / "metadata"
    made.mkdir()
    done = ended([sys.executable, "-c", MAKE, str(made)], cwd=place)
    assert done.returncode == 0, done.stderr
    [found] = made.glob("*.dist-info/METADATA")
    return Parser().parsestr(found.read_text())


def test_the_page_of_the_project_leads_on(metadata):
    """To the sources, the documents, the changes and the issues."""
    urls = dict(each.split(", ", 1) for each in metadata.get_all("Project-URL"))
    assert urls.keys() == {"Source", "Documentation", "Changelog", "Issues"}
    assert all(url.startswith(ADDRESS) for url in urls.values())


def test_links_of_its_description_are_absolute_and_name_files(metadata):
    """Those of the README, at the tag of this version; the page has no other files."""
    assert metadata["Description-Content-Type"] == "text/markdown"
    links = LINK.findall(metadata.get_payload())
    assert len(links) == len(LINK.findall((ROOT / "README.md").read_text()))
    ours = [FILE_OF_OURS.match(link) for link in links]
    for link, found in zip(links, ours, strict=True):
        assert urlsplit(link).scheme == "https"
        if found is not None:
            assert found[1] == TAG
            assert (ROOT / found[2]).exists(), link
    assert len(list(filter(None, ours))) > 20


def test_a_picture_of_its_description_is_the_file_itself(metadata):
    """Not the page that shows it."""
    picture = (
        f"![Two browsers in the chat demo]({ADDRESS}/raw/{TAG}/docs/images/demo.png)"
    )
    assert picture in metadata.get_payload()


def test_what_the_package_says_has_addresses():
    """An installed package has no docs: its texts name them by `document` alone."""
    asked, said = set(), []
    for path in (ROOT / "wsocket").rglob("*.py"):
        tree = ast.parse(path.read_text())
        arguments = {id(each) for each in arguments_of_document(tree)}
        comments = {
            id(each.value) for each in ast.walk(tree) if isinstance(each, ast.Expr)
        }
        for each in ast.walk(tree):
            if id(each) in arguments:
                asked.add(ast.literal_eval(each))
            elif isinstance(each, ast.Constant) and id(each) not in comments:
                said += NAMED.findall(str(each.value))
    assert said == []
    assert "docs/migrating-from-2.md" in asked
    for name in asked:
        assert (ROOT / name).is_file()
        assert document(name) == f"{ADDRESS}/blob/{TAG}/{name}"


def arguments_of_document(tree: ast.AST) -> Iterator[ast.expr]:
    for each in ast.walk(tree):
        if isinstance(each, ast.Call) and ast.unparse(each.func) == "document":
            yield each.args[0]
