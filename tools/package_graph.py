"""The packages of wsocket and their imports, read from the source."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

PACKAGE = "wsocket"

Graph = dict[str, set[str]]  # package -> the packages that it imports


def modules(root: Path) -> dict[str, Path]:
    """Every module below *root*, by its dotted name."""
    found = {}
    for path in sorted((root / PACKAGE).rglob("*.py")):
        parts = path.relative_to(root).with_suffix("").parts
        found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


def imported(source: str, module: str, *, is_package: bool) -> Iterator[str]:
    """The dotted names that *source* imports; whether they are modules is not known."""
    here = module.split(".") if is_package else module.split(".")[:-1]
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            start = here[: len(here) - node.level + 1] if node.level else []
            base = ".".join([*start, *([node.module] if node.module else [])])
            yield from (f"{base}.{alias.name}" for alias in node.names)


def module_of(name: str, known: Iterable[str]) -> str | None:
    """The module that *name* is, or is in."""
    while name not in known:
        name, dot, _ = name.rpartition(".")
        if not dot:
            return None
    return name


def package_of(module: str, path: Path) -> str:
    """The folder of a module, without the root; modules of the root are by themselves.

    The root itself, with the public names, is called as it is.
    """
    is_package = path.name == "__init__.py"
    folder = module if is_package else module.rpartition(".")[0]
    if folder == PACKAGE:
        return module.removeprefix(f"{PACKAGE}.")
    return folder.removeprefix(f"{PACKAGE}.")


@dataclass
class Packages:
    """What is drawn: the packages with the names of their modules, and the imports."""

    members: dict[str, list[str]] = field(default_factory=dict)
    imports: Graph = field(default_factory=dict)


def read_packages(root: Path) -> Packages:
    """Read the tree below *root*."""
    found = Packages()
    known = modules(root)
    homes = {name: package_of(name, path) for name, path in known.items()}
    for name, path in known.items():
        home, is_package = homes[name], path.name == "__init__.py"
        members = found.members.setdefault(home, [])
        if not is_package and home != name.removeprefix(f"{PACKAGE}."):
            members.append(name.rpartition(".")[2])
        targets = (
            module_of(target, known)
            for target in imported(path.read_text(), name, is_package=is_package)
        )
        uses = found.imports.setdefault(home, set())
        uses |= {homes[target] for target in targets if target} - {home}
    return without_empty(found)


def without_empty(packages: Packages) -> Packages:
    """Without the packages that only hold others."""
    empty = {
        name
        for name, members in packages.members.items()
        if not members and not packages.imports[name] and has_inner(name, packages)
    }
    for name in empty:
        del packages.members[name], packages.imports[name]
    for uses in packages.imports.values():
        uses -= empty
    return packages


def has_inner(name: str, packages: Packages) -> bool:
    return any(other.startswith(f"{name}.") for other in packages.members)


# --- Rows and arrows -----------------------------------------------------------------


def closure(graph: Graph) -> Graph:
    """Package -> all that it imports, directly or through others."""
    reached: Graph = {}
    for name in graph:
        seen: set[str] = set()
        waiting = list(graph[name])
        while waiting:
            target = waiting.pop()
            if target not in seen:
                seen.add(target)
                waiting += graph[target]
        reached[name] = seen
    return reached


def rows(graph: Graph) -> dict[str, int]:
    """Package -> its row; 0 is the lowest. Packages in a circle share a row."""
    reached = closure(graph)
    found: dict[str, int] = {}

    def row(name: str) -> int:
        if name not in found:
            circle = {name, *(each for each in reached[name] if name in reached[each])}
            below = {target for each in circle for target in graph[each]} - circle
            height = 1 + max(map(row, below), default=-1)
            found.update(dict.fromkeys(circle, height))
        return found[name]

    for name in graph:
        row(name)
    return found


def arrows(graph: Graph) -> list[tuple[str, str]]:
    """The imports that do not follow from others."""
    reached = closure(graph)
    return [
        (name, target)
        for name in sorted(graph)
        for target in sorted(graph[name])
        if not any(
            target in reached[other] and name not in reached[other]
            for other in graph[name] - {target}
        )
    ]
