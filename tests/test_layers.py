"""Who may import whom, and what is pure: the order of the packages, enforced.

Imports are read from the source, so a rule holds for lines that no test executes.
"""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Callable, Iterator
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

Purity = Callable[[str], bool]
"""Whether a module of a package, by its last name, must be pure."""


def all_pure(module: str) -> bool:
    return True


def none_pure(module: str) -> bool:
    return False


def only(*modules: str) -> Purity:
    return lambda module: module in modules


def all_but(*modules: str) -> Purity:
    return lambda module: module not in modules


# The core of the client, around which are threads or asyncio.
PURE_IN_CLIENT = (
    "address",
    "anonymous",
    "backlog",
    "backoff",
    "call_answers",
    "callee",
    "challenge",
    "core",
    "final_reasons",
    "happenings",
    "incoming",
    "joining",
    "kept_records",
    "one_answer",
    "operation",
    "over",
    "rawsocket_messages",
    "records",
    "requests",
    "serializer_choice",
    "states",
    "websocket_messages",
    "wire",
)

# A package imports only what stands on lines above its own. Two packages on one line
# do not import each other.
LAYERS: list[dict[str, Purity]] = [
    {"project": all_pure},
    {"errors": all_pure, "version_2": all_pure, "harmless": all_pure},
    {"log": all_pure},
    {"log_formats": all_pure, "core.functions": all_pure},
    {
        "core.budget": all_pure,
        "core.checks": all_pure,
        "core.client_network": all_pure,
        "core.secret_files": all_pure,
        "core.tally": all_pure,
        "core.token_bucket": all_pure,
        "core.wsgi": all_pure,
    },
    {
        "core.address_rate": all_pure,
        "core.histogram": all_pure,
        "core.keywords": all_pure,
    },
    {"core.concurrency": none_pure},
    {"core.net": only("endpoints", "held_back", "limits", "outbox", "throttle")},
    {"core.net.tls": none_pure},
    {"core.http": only("fields", "grammar", "headers", "refusal", "request")},
    {"core.websocket": all_but("blocking", "frame_sender", "on_loop", "subprotocol")},
    {"core.web": only("cors", "error_page", "proxies", "routes")},
    {"wamp.protocol": all_pure},
    {
        "wamp.auth": all_but("auth", "cryptosign", "scram", "scram_user", "wampcra"),
        "wamp.serializers": all_pure,
    },
    {"wamp.session": all_pure},
    {
        "wamp.authorization": all_pure,
        "wamp.pubsub": all_pure,
        "wamp.rpc": all_pure,
        "wamp.transports": only(
            *("frame_codec", "longpoll_settings", "message_sizes", "rawsocket_frames")
        ),
    },
    {"wamp.meta": all_pure},
    {"wamp.router": all_pure},
    {
        "wamp.bridge": all_but(
            *("event_body", "handler", "link", "request_link", "stream_link"),
            *("query", "visits"),
        )
    },
    {"metrics": all_pure},
    {"prometheus": none_pure},
    {
        "wamp.local": only(
            *("answers", "arguments", "calling", "encoding", "outcome", "results")
        ),
    },
    {"app_arguments": all_pure},
    {
        "app": none_pure,
        "asgi": only("upgrade_environ"),
        "client": only(*PURE_IN_CLIENT),
    },
    {
        "standalone": only(
            "document",
            "key_lines",
            "nodes",
            "options",
            "problems",
            "secret_options",
            "tables",
            "values",
        )
    },
    {"": none_pure},  # the package itself, which offers the public names
    {"cli": none_pure, "testing": only("frames")},
    {"__main__": none_pure},
]
LEVELS = {name: level for level, names in enumerate(LAYERS) for name in names}
PURITY = {name: pure for names in LAYERS for name, pure in names.items()}


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


def is_ours(module: str) -> bool:
    return module == PACKAGE or module.startswith(f"{PACKAGE}.")


def package_of(module: str) -> str:
    """The package in `LAYERS` that a module of ours belongs to; "" for the root."""
    name = module.removeprefix(PACKAGE).removeprefix(".")
    while name and name not in LEVELS:
        name = name.rpartition(".")[0]
    return name


def is_pure(module: str) -> bool:
    if module in EXTENSIONS:
        return True
    return PURITY[package_of(module)](module.rpartition(".")[2])


# --- The rules: each takes imports and returns those that break it ------------


def imports_upwards(imports: list[Import]) -> list[Import]:
    def breaks(found: Import) -> bool:
        importer, imported = package_of(found.importer), package_of(found.imported)
        return importer != imported and LEVELS[imported] >= LEVELS[importer]

    return [found for found in imports if is_ours(found.imported) and breaks(found)]


def pure_imports_impure(imports: list[Import]) -> list[Import]:
    def breaks(found: Import) -> bool:
        if is_ours(found.imported):
            return not is_pure(found.imported)
        return found.imported.partition(".")[0] in IMPURE

    return [found for found in imports if is_pure(found.importer) and breaks(found)]


def hidden_in_a_function(imports: list[Import]) -> list[Import]:
    return [found for found in imports if found.in_function]


RULES = [imports_upwards, pure_imports_impure, hidden_in_a_function]

# Source that breaks a rule: one that finds nothing would go unnoticed.
VIOLATIONS = [
    (imports_upwards, "wsocket.core.net.loop", "import wsocket.wamp.protocol.ids"),
    (imports_upwards, "wsocket.core.http.request", "from ..web import response"),
    (imports_upwards, "wsocket.wamp.pubsub.broker", "import wsocket.wamp.rpc.dealer"),
    (imports_upwards, "wsocket.wamp.router.realm", "from wsocket.app import x"),
    (imports_upwards, "wsocket.app", "from wsocket.cli import main"),
    (pure_imports_impure, "wsocket.core.websocket.frames", "from time import sleep"),
    (
        pure_imports_impure,
        "wsocket.wamp.session.session",
        "from wsocket.core.net.loop import Loop",
    ),
    (hidden_in_a_function, "wsocket.app", "def run():\n    import json"),
]


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_no_import_breaks_the_layers(rule):
    """Every import in the package obeys the rule."""
    assert [str(found) for found in rule(all_imports(SOURCES))] == []


@pytest.mark.parametrize(("rule", "module", "source"), VIOLATIONS)
def test_each_rule_finds_its_violation(rule, module, source):
    """The rules themselves work: each catches source that breaks it."""
    found = imports_of(module, source, set(SOURCES))
    assert rule(found) == found != []


def test_every_package_has_its_place():
    """A module that belongs to no package of the list would escape every rule."""
    homeless = [
        module
        for module, source in SOURCES.items()
        if module != PACKAGE and not package_of(module) and ast.parse(source).body[1:]
    ]
    assert homeless == []
    assert {package_of(module) for module in SOURCES} == LEVELS.keys()


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


# --- One name for one thing ----------------------------------------------------


def type_names(source: str) -> Iterator[str]:
    """The public types that a module defines: classes and aliases in CamelCase."""
    for node in ast.parse(source).body:
        targets: list[ast.expr] = []
        if isinstance(node, ast.ClassDef):
            yield node.name
        elif isinstance(node, ast.Assign):
            targets = node.targets
        elif isinstance(node, ast.AnnAssign):
            targets = [node.target]
        for target in targets:
            if isinstance(target, ast.Name) and is_camel_case(target.id):
                yield target.id


def is_camel_case(name: str) -> bool:
    return name[0].isupper() and (len(name) == 1 or not name.isupper())


# A client and a router have the same words of WAMP for their own ends of it.
WORDS_OF_CLIENTS = {
    "Anonymous",
    "Cryptosign",
    "PendingCall",
    "Registration",
    "Scram",
    "Session",
    "Subscription",
    "Ticket",
}


def homes_of_names(sources: dict[str, str]) -> dict[str, list[str]]:
    homes: dict[str, list[str]] = defaultdict(list)
    for module, source in sources.items():
        for name in type_names(source):
            of_client = module.startswith("wsocket.client.") and (
                name in WORDS_OF_CLIENTS
            )
            if not name.startswith("_") and not of_client:
                homes[name].append(module)
    return homes


def names_with_two_homes(sources: dict[str, str]) -> dict[str, list[str]]:
    homes = homes_of_names(sources)
    return {name: modules for name, modules in homes.items() if len(modules) > 1}


def test_no_two_modules_define_a_public_type_of_the_same_name():
    """A name means one thing, wherever it is read."""
    assert names_with_two_homes(SOURCES) == {}


def test_a_name_with_two_homes_is_found():
    """The search sees classes and aliases; constants and private names are free."""
    one = "class Frame: ...\nLimit = int\nMAX = 1\nclass _Own: ..."
    two = "Frame: TypeAlias = bytes\nLimit = str\nMAX = 2\nclass _Own: ..."
    found = names_with_two_homes({"one": one, "two": two})
    assert found == {"Frame": ["one", "two"], "Limit": ["one", "two"]}
