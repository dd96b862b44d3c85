"""Commands that log in: the secret is in a file, and nowhere else."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.apps import OWNER, SECRET
from wsocket import cli

METHODS = ["--ticket-file", "--cra-secret-file", "--scram-password-file"]


@pytest.fixture
def secret(tmp_path: Path) -> Path:
    """A file with the secret, which nobody else can read."""
    return private(tmp_path / "secret", f"{SECRET}\n")


def private(path: Path, text: str) -> Path:
    path.touch(0o600)
    path.write_text(text)
    return path


def status(url: str, *login: str) -> int:
    arguments = ["call", url, "com.example.add", "2", "3", "--realm", "guarded"]
    return cli.main([*arguments, *login])


@pytest.mark.parametrize("option", METHODS)
def test_a_secret_is_read_from_a_file(guarded_url, secret, option, capsys):
    """Without the end of the line; nothing is said about it."""
    assert status(guarded_url, "--authid", "joe", option, str(secret)) == 0
    said = capsys.readouterr()
    assert (said.out, said.err) == ("5\n", "")


@pytest.mark.parametrize("name", [["--authid", "joe"], []])
def test_a_key_is_read_from_a_file(guarded_url, tmp_path, name, capsys):
    """The name is not needed: the router knows the key."""
    key = OWNER.private_key.private_bytes_raw().hex()
    file = private(tmp_path / "key", f"{key}\n")
    assert status(guarded_url, *name, "--cryptosign-key", str(file)) == 0
    assert capsys.readouterr().out == "5\n"


@pytest.mark.parametrize("option", METHODS)
def test_a_wrong_secret_ends_with_1(guarded_url, tmp_path, option, capsys):
    """In one line, which does not have the secret."""
    file = private(tmp_path / "secret", "crayon")
    assert status(guarded_url, "--authid", "joe", option, str(file)) == 1
    said = capsys.readouterr().err
    assert guarded_url in said
    assert said.count("\n") == 1
    assert "crayon" not in said


def test_without_a_secret_nobody_gets_in(guarded_url, capsys):
    """A refused login is a WAMP error."""
    assert status(guarded_url, "--authid", "joe") == 1
    assert guarded_url in capsys.readouterr().err


def test_a_file_that_others_can_read_is_warned_of(guarded_url, secret, capsys):
    """It is used; the warning says what to do."""
    secret.chmod(0o644)
    assert status(guarded_url, "--authid", "joe", "--ticket-file", str(secret)) == 0
    said = capsys.readouterr()
    assert said.out == "5\n"
    assert (
        f"other users can read {secret} (mode 0644): chmod o-rwx {secret}" in said.err
    )


def test_a_file_without_a_secret(tmp_path, capsys):
    """Exit status 2, before anything is connected."""
    file = private(tmp_path / "secret", "\n")
    login = ["--authid", "joe", "--ticket-file", str(file)]
    assert status("ws://127.0.0.1:9/", *login) == 2
    said = f"wsocket: {file}: expected a secret, and the file is empty\n"
    assert capsys.readouterr().err == said


@pytest.mark.parametrize(
    ("login", "expected"),
    [
        (["--ticket-file", "{secret}"], "--ticket-file needs --authid"),
        (
            ["--ticket-file", "{secret}", "--cra-secret-file", "{secret}"],
            "only one of --ticket-file and --cra-secret-file can be used",
        ),
        (["--cryptosign-key", "{secret}"], "--cryptosign-key: "),
        (["--authid", "joe", "--ticket-file", "/no/such"], "No such file"),
        (["--authid", "joe", "--ticket-file", "/"], "Is a directory"),
    ],
)
def test_options_that_make_no_login(secret, login, expected, capsys):
    """Exit status 2, and what was expected."""
    words = [word.format(secret=secret) for word in login]
    assert status("ws://127.0.0.1:9/", *words) == 2
    said = capsys.readouterr().err
    assert expected in said
    assert SECRET not in said


def test_a_refused_event_ends_with_1(guarded_url, secret, capsys):
    """It is acknowledged, so the router's answer is known."""
    login = ["--realm", "guarded", "--authid", "joe", "--ticket-file", str(secret)]
    assert cli.main(["publish", guarded_url, "com.example.news", *login]) == 1
    assert "wamp.error.not_authorized" in capsys.readouterr().err
