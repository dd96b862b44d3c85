"""docs/standalone.md: what stands there works."""

from __future__ import annotations

import re

import pytest

from tests.programs import ROOT
from tests.wamp.raw_client import PUBLISHED, connected
from wsocket import cli

PAGE = (ROOT / "docs" / "standalone.md").read_text()
FILE, BRIDGE = re.findall(r"```toml\n(.*?)```", PAGE, re.DOTALL)
[KEYS] = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)


@pytest.mark.processes
def test_the_file_is_served(router, monkeypatch):
    """The newsroom publishes, and a guest hears it."""
    monkeypatch.setenv("NEWSROOM_TICKET", "t1cket")
    server = router(FILE.replace("8080", "0"))
    with connected(server.ws()) as guest, connected(server.ws()) as newsroom:
        guest.join()
        assert guest.welcome["authrole"] == "reader"
        guest.subscribe("com.example.news.sport")
        details = {"authid": "newsroom", "authmethods": ["ticket"]}
        newsroom.send(1, "realm1", {"roles": {"publisher": {}}, **details})
        assert newsroom.receive()[:2] == [4, "ticket"]
        newsroom.send(5, "t1cket", {})
        assert newsroom.receive()[0] == 2
        newsroom.send(16, 1, {"acknowledge": True}, "com.example.news.sport", ["2:1"])
        assert newsroom.receive()[0] == PUBLISHED
        assert guest.receive()[4:] == [["2:1"]]


def test_the_bridge_of_the_file_is_good(check, monkeypatch, tmp_path):
    """Its roles are those of the file above it."""
    for name in ("NEWSROOM_TICKET", "CRON_KEY"):
        monkeypatch.setenv(name, "a secret of 32 characters, or so")
    (tmp_path / "secrets").mkdir()
    (tmp_path / "secrets" / "dashboard").write_text("t0ken")
    (tmp_path / "secrets" / "dashboard").chmod(0o600)
    assert check(f"{FILE}{BRIDGE}") == (0, ["FILE: all is well: realm realm1"])


def test_the_keys_of_a_password_can_be_made(check, monkeypatch, capsys):
    """What the program prints is what the file wants."""
    exec(KEYS, {})
    made = dict(line.split() for line in capsys.readouterr().out.splitlines())
    monkeypatch.setenv("STORED_KEY", made["stored_key"])
    monkeypatch.setenv("SERVER_KEY", made["server_key"])
    text = f"""
        [realms.realm1]
        [[realms.realm1.auth]]
        method = "wamp-scram"
        [[realms.realm1.auth.users]]
        authid = "joe"
        role = "user"
        salt = "{made["salt"]}"
        iterations = {made["iterations"]}
        stored_key_env = "STORED_KEY"
        server_key_env = "SERVER_KEY"
    """
    assert check(text) == (0, ["FILE: all is well: realm realm1"])


def test_the_mistake_is_explained_as_shown(check):
    """Word by word."""
    shown = re.search(r"    router\.toml:(3: .*\n.*)\n\n\(here in two", PAGE)
    _, [line] = check('[realms.realm1]\n[server]\nport = "80"\n')
    assert line == "FILE:" + " ".join(shown[1].split())


def test_every_table_is_named(check):
    """The list of tables is that of the program."""
    _, [line] = check("nothing = 1\nrealms = {realm1 = {}}\n")
    names = re.findall(r'"(\w+)"', line)
    assert len(names) == 7
    assert [
        name for name in names if not re.search(rf"^\| `\[+{name}", PAGE, re.M)
    ] == []


def test_what_crossbar_has_is_named_as_here(tmp_path):
    """Each option on the right of the table stands in the example of all options."""
    path = tmp_path / "router.toml"
    assert cli.main(["init", str(path)]) == 0
    table = PAGE.partition("## Coming from Crossbar")[2]
    rows = [line.strip("|").split(" | ") for line in table.splitlines() if "|" in line]
    cells = [row[-1] for row in rows[2:] if "in Python" not in row[-1]]
    codes = [code for cell in cells for code in re.findall(r"`([^`]+)`", cell)]
    names = {name for code in codes for name in re.findall(r"^\[*([a-z_.]+)", code)}
    words = {word for name in names for word in name.split(".") if word}
    assert len(words) > 20
    assert words - set(re.findall(r"\w+", path.read_text())) == set()
