"""A module that calls `run` at its top level, and who may import it."""

from __future__ import annotations

import ast
import re
import sys

import pytest

from tests.programs import COMMAND_LINE, ROOT, ended, running

APP = "from wsocket import WSocketApp, run\napp = WSocketApp()\n"
FILES = {
    "unguarded.py": f"{APP}run(app, port=0)\n",
    "with_main.py": f"{APP}def main():\n    run(app, port=0)\n",
    "guarded.py": f"{APP}if __name__ == '__main__':\n    run(app, port=0)\n",
    "program.py": "def main():\n    import unguarded\nmain()\n",
    "pkg/__init__.py": "",
    "pkg/__main__.py": "from pkg.start import main\nmain()\n",
    "pkg/start.py": (
        "import importlib\ndef main():\n    importlib.import_module('pkg.site')\n"
    ),
    "pkg/site.py": f"{APP}run(app, port=0)\n",
}

PROGRAMS = {
    "script": ["unguarded.py"],
    "module": ["-m", "unguarded"],
    "imported-by-a-command": ["-c", "import unguarded"],
    "imported-by-a-script": ["program.py"],
    "imported-by-its-package": ["-m", "pkg"],
    "function": ["-c", "import with_main; with_main.main()"],
    "run-path": ["-c", "import runpy; runpy.run_path('unguarded.py')"],
    "guarded": ["guarded.py"],
}
SERVERS = {
    "wsocket": ["-c", COMMAND_LINE, "run", "unguarded:app", "--port", "0"],
    "gunicorn": ["-m", "gunicorn", "-b", "127.0.0.1:0", "unguarded:app"],
    "waitress": ["-m", "waitress", "--listen=127.0.0.1:0", "unguarded:app"],
    "flask": ["-m", "flask", "--app", "unguarded:app", "run", "--port", "0"],
    "pytest": ["-m", "pytest", "-p", "no:cacheprovider", "unguarded.py"],
}


@pytest.fixture
def folder(tmp_path):
    """The programs of these tests."""
    for name, source in FILES.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(source)
    return tmp_path


@pytest.mark.processes
@pytest.mark.parametrize("program", PROGRAMS)
def test_a_program_serves_what_it_imports(folder, program):
    """Also at the top level of a module, as long as that is its own doing."""
    command = [sys.executable, *PROGRAMS[program]]
    with running(command, folder / "log", cwd=folder) as server:
        assert server.stop() == 0
    assert "Traceback" not in (folder / "log").read_text()


@pytest.mark.processes
@pytest.mark.parametrize("server", SERVERS)
def test_a_server_that_imports_is_told_so(folder, server):
    """It would never get its application: the module would serve in its place."""
    done = ended([sys.executable, *SERVERS[server]], cwd=folder)
    said = done.stdout + done.stderr
    assert done.returncode != 0
    assert f"module 'unguarded' calls run() while {importer(server)} imports it" in said
    assert "put the call under if __name__ == '__main__':" in said
    assert "serving on" not in said


@pytest.mark.processes
def test_our_command_line_shows_no_traceback(folder):
    """The mistake is the user's: one line says what to do."""
    done = ended([sys.executable, *SERVERS["wsocket"]], cwd=folder)
    assert done.returncode == 2
    [line] = done.stderr.splitlines()
    assert line.startswith("wsocket: run: module 'unguarded' calls run()")


def importer(server: str) -> str:
    """What the message calls a server."""
    return {"pytest": "_pytest"}.get(server, server)


PAGES = [ROOT / "README.md", *(ROOT / "docs").glob("*.md")]
EXAMPLES = [*(ROOT / "examples").rglob("*.py")]


def top_level_calls(source: str) -> set[str]:
    """The names of functions that a module calls when it is imported."""
    statements = [each for each in ast.parse(source).body if isinstance(each, ast.Expr)]
    calls = [each.value for each in statements if isinstance(each.value, ast.Call)]
    return {each.func.id for each in calls if isinstance(each.func, ast.Name)}


@pytest.mark.parametrize("path", PAGES + EXAMPLES, ids=lambda path: path.name)
def test_every_example_is_guarded(path):
    """So each can be served by any server."""
    text = path.read_text()
    is_page = path.suffix == ".md"
    sources = re.findall(r"```python\n(.*?)```", text, re.S) if is_page else [text]
    assert [each for each in sources if "run" in top_level_calls(each)] == []
