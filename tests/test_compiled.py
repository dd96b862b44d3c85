"""What is compiled, and what is not, is what the environment promises: `make
test-compiled` runs the tests on compiled modules, `make test` on interpreted ones.
"""

from __future__ import annotations

import ast
import importlib
import os
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
COMPILED = bool(os.environ.get("WSOCKET_COMPILED"))


def hot_modules():
    """The list `HOT` of setup.py, as names of modules."""
    for node in ast.parse((ROOT / "setup.py").read_text()).body:
        if isinstance(node, ast.Assign) and node.targets[0].id == "HOT":
            return [
                f"wsocket.{name.replace('/', '.')}"
                for name in ast.literal_eval(node.value)
            ]
    raise AssertionError("setup.py has no HOT")


@pytest.mark.parametrize("name", hot_modules())
def test_hot_module_is_what_the_environment_promises(name):
    """Compiled where the tests are about that, and of this folder."""
    path = Path(importlib.import_module(name).__file__)
    assert path.is_relative_to(ROOT)
    assert (path.suffix == ".so") is COMPILED


def bases(tree):
    """The bases of the classes of a module, as the modules that they are from."""
    imported = {
        alias.asname or alias.name: f"{node.module}.{alias.name}"
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }
    for node in ast.walk(tree):
        for base in node.bases if isinstance(node, ast.ClassDef) else ():
            name = ast.unparse(base).partition("[")[0]
            yield node.name, imported.get(name, name).rpartition(".")[0]


def test_what_is_not_compiled_inherits_from_nothing_that_is():
    """Python refuses to make an object of such a class."""
    hot = hot_modules()
    found = []
    for path in (ROOT / "wsocket").rglob("*.py"):
        module = ".".join(path.relative_to(ROOT).with_suffix("").parts)
        if module not in hot:
            classes = bases(ast.parse(path.read_text()))
            found += [f"{module}.{name}" for name, base in classes if base in hot]
    assert found == []


@pytest.mark.parametrize(
    "name",
    [
        "core.websocket._unmasking",
        "core.net._socket_io",
        "wamp.serializers._payload_parts",
        "wamp.serializers._weights",
    ],
)
def test_what_is_written_in_c_is_there(name):
    """A C compiler is there when these tests run."""
    assert Path(importlib.import_module(f"wsocket.{name}").__file__).is_file()
