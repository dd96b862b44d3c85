"""The names that ``import wsocket`` offers."""

from __future__ import annotations

import ast
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest

import wsocket

SOURCE = Path(wsocket.__file__).read_text()


def names_for_type_checkers() -> dict[str, str]:
    """Name -> module, as they are imported under ``if TYPE_CHECKING:``."""
    [block] = [each for each in ast.parse(SOURCE).body if isinstance(each, ast.If)]
    return {
        alias.name: str(node.module)
        for node in block.body
        if isinstance(node, ast.ImportFrom) and node.module != "typing"
        for alias in node.names
    }


@pytest.mark.parametrize("name", wsocket.__all__)
def test_name_is_what_a_type_checker_takes_it_for(name):
    """The two lists in the package say the same."""
    module = names_for_type_checkers()[name]
    assert getattr(wsocket, name) is getattr(import_module(module), name)
    assert name in dir(wsocket)


def test_type_checkers_see_no_other_names():
    """What is listed for them can be imported."""
    assert sorted(names_for_type_checkers()) == sorted(wsocket.__all__)


def test_unknown_name_is_an_attribute_error():
    """As for every module."""
    with pytest.raises(AttributeError, match="module 'wsocket' has no attribute 'App'"):
        wsocket.App  # noqa: B018 - reading it is the test


@pytest.mark.processes
def test_importing_the_package_alone_imports_no_router():
    """The command line would wait for it."""
    code = "import sys, wsocket; print(*{'gevent', 'msgspec'} & {*sys.modules})"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == ""


@pytest.mark.processes
def test_version_is_printed():
    """By the command, and it is that of the package."""
    done = subprocess.run(
        [sys.executable, "-m", "wsocket", "--version"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == f"wsocket {wsocket.__version__}\n"
