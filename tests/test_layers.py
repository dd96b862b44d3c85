"""Who may import whom: docs/architecture.md, enforced.

The table "The files" of that document says which modules exist and which are pure.
Imports are read from the source, so a rule holds for lines that no test executes.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = "wsocket"

# What gives a module a socket, a thread, a clock or a source of randomness of its own.
# (datetime is not among them: what needs it here converts times that it is given.)
IMPURE = {
    "asyncio",
    "concurrent",
    "gevent",
    "multiprocessing",
    "queue",
    "random",
    "secrets",
    "select",
    "selectors",
    "signal",
    "socket",
    "ssl",
    "subprocess",
    "threading",
    "time",
    "uuid",
}
# Any module may use these: they import nothing of the package.
COMMON = {"wsocket.errors", "wsocket.log"}


class Import(NamedTuple):
    """One imported module, and where."""

    importer: str
    imported: str
    line: int
    in_function: bool

    def __str__(self) -> str:
        return f"{self.importer}:{self.line} imports {self.imported}"


def module_name(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


SOURCES = {
    module_name(path): path.read_text()
    for path in sorted((ROOT / PACKAGE).rglob("*.py"))
}

# C extensions: they import nothing at all.
EXTENSIONS = {module_name(path) for path in (ROOT / PACKAGE).rglob("*.c")}


def imports_of(module: str, source: str, known: set[str]) -> list[Import]:
    """Every import statement in *source*, ``from package import module`` resolved.

    Those under ``if TYPE_CHECKING:`` at module level count as dependencies too.
    """
    tree = ast.parse(source)
    return [
        Import(module, imported, node.lineno, in_function)
        for node, in_function in walk(tree, in_function=False)
        if isinstance(node, (ast.Import, ast.ImportFrom))
        for imported in imported_modules(node, module, known)
    ]


def walk(node: ast.AST, *, in_function: bool) -> Iterator[tuple[ast.AST, bool]]:
    for child in ast.iter_child_nodes(node):
        inside = in_function or isinstance(
            child, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)
        )
        yield child, inside
        yield from walk(child, in_function=inside)


def imported_modules(
    node: ast.Import | ast.ImportFrom, module: str, known: set[str]
) -> list[str]:
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    base = node.module or ""
    if node.level:
        parents = module.split(".")[: -node.level]
        base = ".".join([*parents, base] if base else parents)
    full = [f"{base}.{alias.name}" for alias in node.names]
    return [name if name in known else base for name in full]


def all_imports(sources: dict[str, str]) -> list[Import]:
    return [
        found
        for module, source in sources.items()
        for found in imports_of(module, source, set(sources))
    ]


def inside(module: str, package: str) -> bool:
    return module == package or module.startswith(package + ".")


def documented_modules() -> dict[str, bool]:
    """Modules that docs/architecture.md lists, with whether they are pure."""
    modules = {}
    text = (ROOT / "docs/architecture.md").read_text()
    for row in re.findall(r"^\| *(`[^|]*\.py`[^|]*)\|[^|]*\|([^|]*)\|$", text, re.M):
        for path in re.findall(r"`([^`]+)\.py`", row[0]):
            modules[f"{PACKAGE}." + path.replace("/", ".")] = row[1].strip() == "yes"
    return modules


# --- The rules: each takes imports and returns those that break it ------------


def core_imports_wamp(imports: list[Import]) -> list[Import]:
    return [
        found
        for found in imports
        if inside(found.importer, "wsocket.core")
        and inside(found.imported, "wsocket")
        and not inside(found.imported, "wsocket.core")
        and found.imported not in COMMON
    ]


def wamp_imports_core(imports: list[Import]) -> list[Import]:
    bridges = (
        "wsocket.wamp.transports",
        "wsocket.wamp.cluster",
        # The application's own session: a transport that never leaves the process.
        "wsocket.wamp.local.client",
        "wsocket.wamp.local.application",
        "wsocket.wamp.local.pending_call",
    )
    return [
        found
        for found in imports
        if inside(found.importer, "wsocket.wamp")
        and inside(found.imported, "wsocket.core")
        and not any(inside(found.importer, bridge) for bridge in bridges)
    ]


def wamp_imports_what_is_above_it(imports: list[Import]) -> list[Import]:
    allowed = ("wsocket.wamp", "wsocket.core", *COMMON)
    return [
        found
        for found in imports
        if inside(found.importer, "wsocket.wamp")
        and inside(found.imported, PACKAGE)
        and not any(inside(found.imported, package) for package in allowed)
    ]


def broker_and_dealer_import_each_other(imports: list[Import]) -> list[Import]:
    pair = {"wsocket.wamp.pubsub.broker", "wsocket.wamp.rpc.dealer"}
    return [found for found in imports if {found.importer, found.imported} == pair]


def something_imports_cli(imports: list[Import]) -> list[Import]:
    return [
        found
        for found in imports
        if inside(found.imported, "wsocket.cli")
        and found.importer not in ("wsocket.cli", "wsocket.__main__")
    ]


def hidden_in_a_function(imports: list[Import]) -> list[Import]:
    return [found for found in imports if found.in_function]


def pure_imports_impure(imports: list[Import]) -> list[Import]:
    pure = {module for module, is_pure in documented_modules().items() if is_pure}
    return [
        found
        for found in imports
        if found.importer in pure
        and (
            found.imported.partition(".")[0] in IMPURE
            or (
                inside(found.imported, PACKAGE)
                and found.imported not in pure | COMMON | EXTENSIONS
            )
        )
    ]


RULES = [
    core_imports_wamp,
    wamp_imports_core,
    wamp_imports_what_is_above_it,
    broker_and_dealer_import_each_other,
    something_imports_cli,
    hidden_in_a_function,
    pure_imports_impure,
]

# For each rule, source that breaks it: a rule that finds nothing would go unnoticed.
VIOLATIONS = {
    "core_imports_wamp": (
        "wsocket.core.websocket.frames",
        "import wsocket.wamp.protocol.ids",
    ),
    "wamp_imports_core": (
        "wsocket.wamp.router.realm",
        "from wsocket.core import frames",
    ),
    "wamp_imports_what_is_above_it": (
        "wsocket.wamp.router.realm",
        "from ..app import x",
    ),
    "broker_and_dealer_import_each_other": (
        "wsocket.wamp.pubsub.broker",
        "from .dealer import Dealer",
    ),
    "something_imports_cli": ("wsocket.app", "from wsocket.cli import main"),
    "hidden_in_a_function": ("wsocket.app", "def run():\n    import json"),
    "pure_imports_impure": (
        "wsocket.core.websocket.frames",
        "from time import monotonic",
    ),
}


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_no_import_breaks_the_layers(rule):
    """Every import in the package obeys the rule."""
    assert [str(found) for found in rule(all_imports(SOURCES))] == []


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_each_rule_finds_its_violation(rule):
    """The rules themselves work: each catches source that breaks it."""
    module, source = VIOLATIONS[rule.__name__]
    found = imports_of(module, source, {*SOURCES, "wsocket.wamp.rpc.dealer"})
    assert rule(found) == found != []


def test_modules_do_not_import_in_circles():
    """No module reaches itself through imports."""
    assert find_circle(all_imports(SOURCES)) is None


def test_a_circle_of_imports_is_found():
    """The search itself works, also through a third module."""
    chain = [("a", "b"), ("b", "c"), ("c", "a"), ("d", "a")]
    imports = [Import(importer, imported, 1, False) for importer, imported in chain]
    assert find_circle(imports) == ["a", "b", "c", "a"]


def find_circle(imports: list[Import]) -> list[str] | None:
    """A path of imports that leads back to its start, or None."""
    targets: dict[str, list[str]] = {}
    for found in imports:
        targets.setdefault(found.importer, []).append(found.imported)
    finished: set[str] = set()

    def visit(module: str, path: list[str]) -> list[str] | None:
        if module in path:
            return [*path[path.index(module) :], module]
        if module in finished:
            return None
        for target in targets.get(module, ()):
            if circle := visit(target, [*path, module]):
                return circle
        finished.add(module)
        return None

    circles = (visit(module, []) for module in targets)
    return next((circle for circle in circles if circle), None)


def test_every_module_is_in_the_architecture_document():
    """docs/architecture.md lists the modules of core and wamp, all and only those."""
    layers = ("wsocket.core", "wsocket.wamp")
    listed = {name for name in documented_modules() if name.startswith(layers)}
    there = {name for name in SOURCES if name.startswith(layers)}
    packages = {name.rpartition(".")[0] for name in there}
    assert listed == there - packages
