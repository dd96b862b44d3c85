"""``wsocket check``: every mistake, with its line, and what to do."""

from __future__ import annotations

import re
import socket
from pathlib import Path

import pytest

from wsocket import cli

SECRET = "s3cret!"
GOOD = "[realms.realm1]\n"
TICKET = """
[realms.realm1]
[[realms.realm1.auth]]
method = "ticket"
[[realms.realm1.auth.users]]
authid = "joe"
role = "user"
"""

# Mistakes, each followed by what is said of it, behind >>>. Other versions of Python
# may have other words where ... stands.
CORPUS = (Path(__file__).parent / "corpus" / "mistakes.txt").read_text()
MISTAKES = re.findall(r"((?:(?!>>>).*\n)+?)((?:>>> .*\n)+)\n?", CORPUS)


def said_of(lines: str) -> list[str]:
    return [line.removeprefix(">>> ") for line in lines.splitlines()]


def is_said(expected: str, line: str) -> bool:
    """Whether a line is the expected one; ``...:`` stands for what may vary."""
    begin, varies, rest = expected.partition("...: ")
    if not varies:
        return line == f"FILE:{expected}"
    return line.startswith(f"FILE:{begin.split(':')[0]}: ") and line.endswith(rest)


@pytest.mark.parametrize(
    ("text", "said"), MISTAKES, ids=[said_of(said)[0] for _, said in MISTAKES]
)
def test_each_mistake_is_explained_with_its_line(check, monkeypatch, text, said):
    """All mistakes of a file, and nothing else; the secret is never shown."""
    monkeypatch.setenv("ROUTER_SECRET", SECRET)
    monkeypatch.setenv("ROUTER_KEY", SECRET * 3)
    status, lines = check(text)
    expected = said_of(said)
    assert [is_said(*pair) for pair in zip(expected, lines, strict=True)] == [
        True
    ] * len(expected), lines
    assert status == 1
    assert SECRET not in "".join(lines)


def test_there_are_many_mistakes():
    """The corpus was read as a whole."""
    assert len(MISTAKES) > 100
    assert CORPUS.count(">>> ") == sum(len(said_of(said)) for _, said in MISTAKES)


def test_an_empty_file_has_no_realm(check):
    """It is said on line 1."""
    assert check("") == (
        1,
        ["FILE:1: realms is missing; [realms.realm1] opens a realm"],
    )


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"# caf\xe9\n", "FILE:1: not UTF-8: save the file in that encoding"),
        (b"\n\n\xff", "FILE:3: not UTF-8: save the file in that encoding"),
        (b"\n" * 2**20 + b"\n", "FILE:1: the file is too large: at most 1048576 bytes"),
        (
            b"\nx = " + b"[" * 9999 + b"]" * 9999,
            "FILE:2: lists and tables are nested too deep",
        ),
        (b"\nx = " + b"9" * 5000, "FILE:2: a number has too many digits"),
    ],
    ids=["latin-1", "ff", "large", "deep", "digits"],
)
def test_what_is_no_sensible_text_is_refused(check, content, said):
    """Also where Python's reader of TOML fails in its own way."""
    assert check(content) == (1, [said])


def test_a_control_character_does_not_reach_the_terminal(check):
    """Nor does a line break begin a line that looks like another message."""
    status, lines = check(f'{GOOD}"\\u001b[2J\\n" = 1\n[limits]\nturn = "\\u001b"\n')
    assert status == 1
    assert [line.isprintable() for line in lines] == [True, True]


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_lines_are_counted_with_both_kinds_of_line_ends(check, end):
    """And with a byte order mark."""
    text = "\ufeff[realms.realm1]\n\nturn = 1\n".replace("\n", end)
    _, [line] = check(text)
    assert line.startswith("FILE:3: realms.realm1.turn: unknown option; it belongs in")


def test_a_good_file_is_summed_up(check):
    """The exit status is 0."""
    assert check(GOOD) == (0, ["FILE: all is well: realm realm1"])
    assert check(f"{GOOD}[realms.chat]\n") == (
        0,
        ["FILE: all is well: realms realm1, chat"],
    )


def test_a_secret_that_everybody_can_read_is_warned_about(check, tmp_path):
    """That is no mistake, so the exit status is 0."""
    ticket = tmp_path / "ticket"
    ticket.write_text(f"{SECRET}\n")
    text = TICKET + 'ticket_file = "ticket"\n'
    ticket.chmod(0o644)
    assert check(text) == (
        0,
        [
            "FILE:8: realms.realm1.auth[0].users[0].ticket_file: other users can read "
            "FOLDER/ticket (mode 0644): chmod o-rwx FOLDER/ticket (warning)",
            "FILE: all is well: realm realm1",
        ],
    )
    ticket.chmod(0o640)
    assert check(text) == (0, ["FILE: all is well: realm realm1"])


def test_a_file_without_a_secret_is_refused(check, tmp_path):
    """With its place."""
    (tmp_path / "ticket").write_bytes(b"\n")
    status, [line] = check(TICKET + 'ticket_file = "ticket"\n')
    said = "FOLDER/ticket: expected a secret, and the file is empty"
    assert (status, line.partition("ticket_file: ")[2]) == (1, said)


def test_an_empty_variable_is_no_secret(check, monkeypatch):
    """It is likely a mistake in the unit of the service."""
    monkeypatch.setenv("ROUTER_SECRET", "")
    _, [line] = check(TICKET + 'ticket_env = "ROUTER_SECRET"\n')
    assert line.endswith("the environment variable ROUTER_SECRET is empty: set it")


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (
            'certfile = "{server}"\nkeyfile = "{other_key}"',
            "2: server.certfile: {server} and {other_key}: the private key is not that "
            "of the certificate",
        ),
        (
            'certfile = "{server}"\nkeyfile = "nowhere"',
            "3: server.keyfile: cannot read FOLDER/nowhere: No such file or directory",
        ),
        (
            'certfile = "{authority}"',
            "2: server.certfile: {authority}: expected a certificate and its private "
            "key in PEM format",
        ),
        (
            'certfile = "{server}"\nkeyfile = "{encrypted_key}"',
            "3: server.keyfile: the private key is encrypted; decrypt it: openssl pkey "
            "-in KEY -out NEW_KEY",
        ),
    ],
    ids=["other key", "no key file", "no key", "encrypted"],
)
def test_a_certificate_that_cannot_be_used_is_a_mistake(
    check, certificates, options, said
):
    """The line is that of the file at fault."""
    for name in ("server", "other_key", "authority", "encrypted_key"):
        path = getattr(certificates, name)
        options, said = (
            options.replace(f"{{{name}}}", path),
            said.replace(f"{{{name}}}", path),
        )
    status, lines = check(f"[server]\n{options}\n{GOOD}")
    assert (status, lines) == (1, [f"FILE:{said}"])


@pytest.mark.parametrize(
    ("name", "said"),
    [
        (
            "nowhere.toml",
            "No such file or directory; `wsocket init nowhere.toml` writes an example",
        ),
        (".", "Is a directory"),
    ],
)
def test_a_file_that_cannot_be_read_is_a_usage_error(
    monkeypatch, tmp_path, capsys, name, said
):
    """The exit status is 2; the way to an example is shown where one can be written."""
    monkeypatch.chdir(tmp_path)
    assert cli.main(["check", name]) == 2
    assert capsys.readouterr().err == f"wsocket: cannot read {name}: {said}\n"


@pytest.mark.parametrize(
    ("addresses", "said"),
    [
        (
            '[server]\nhost = "nohost.invalid"\n',
            "2: server.host: cannot listen on 'nohost.invalid': ",
        ),
        (
            '[server]\nhost = "192.0.2.1"\n',
            "2: server.host: 192.0.2.1 is no address of this machine: choose ",
        ),
        (
            '[server]\nunix = "nowhere/s"\n',
            "2: server.unix: there is no folder FOLDER/nowhere: make it before the ",
        ),
        (
            f'[server]\nunix = "{"x" * 101}"\n',
            "2: server.unix: too long for a socket: expected at most 100 bytes",
        ),
        (
            '[[rawsocket]]\nurl = "unix:///nowhere/s"\n',
            "2: rawsocket[0].url: there is no folder /nowhere: make it before the ",
        ),
        (
            '[[rawsocket]]\nurl = "tcp://nohost.invalid:8081"\n',
            "2: rawsocket[0].url: cannot listen on 'nohost.invalid': ",
        ),
    ],
)
def test_an_address_that_is_none_here_is_warned_about(check, addresses, said):
    """The router may run on another machine, or when the folder is there."""
    status, (line, last) = check(addresses + GOOD)
    assert line.startswith(f"FILE:{said}")
    assert line.endswith(" (warning)")
    assert (status, last) == (0, "FILE: all is well: realm realm1")


def test_addresses_of_this_machine_are_not_warned_about(check, tmp_path):
    """Nor a port that is in use: the router may be running."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        text = f'[server]\nhost = "localhost"\nport = {port}\n'
        text += f'[[rawsocket]]\nurl = "tcp://127.0.0.1:{port}"\n'
        text += f'[[rawsocket]]\nurl = "unix://{tmp_path}/s"\n'
        assert check(text + GOOD) == (0, ["FILE: all is well: realm realm1"])


@pytest.mark.parametrize(
    ("addresses", "place"),
    [
        ('[server]\nhost = "a..b"\n', "server.host"),
        ('[[rawsocket]]\nurl = "tcp://a..b:8081"\n', "rawsocket[0].url"),
    ],
)
def test_what_can_be_no_host_anywhere_is_a_mistake(check, addresses, place):
    """A name has limits of its own (RFC 1035, section 2.3.4)."""
    status, [line] = check(addresses + GOOD)
    assert status == 1
    assert line.startswith(f"FILE:2: {place}: ")
    assert " is no host name: " in line
