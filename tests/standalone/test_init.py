"""``wsocket init``: the example is right, and so is each option that it leaves out."""

from __future__ import annotations

import inspect
import re
from pathlib import Path

import pytest

from tests.wamp.raw_client import ERROR, REGISTERED, connected
from wsocket import (
    Bridge,
    BridgeKey,
    Limits,
    LongPolling,
    Permission,
    Realm,
    Remember,
    Role,
    cli,
)

COMMENTED = re.compile(r"^#(?![ #]).*\n", re.MULTILINE)
# Lines without a blank or an explanation between them belong together.
BLOCK = re.compile(r"(?:^#(?![ #]).*\n)+", re.MULTILINE)
REFERENCE = re.compile(r'(\w+_(?:file|env)|certfile|keyfile|unix) = "([^"]+)"')


def written(path: Path) -> str:
    """The example, as it is written to *path*."""
    assert cli.main(["init", str(path)]) == 0
    return path.read_text()


@pytest.fixture(scope="module")
def example(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The text of the example."""
    return written(tmp_path_factory.mktemp("example") / "router.toml")


@pytest.fixture
def surroundings(tmp_path, monkeypatch, certificates, example) -> None:
    """All files and variables that the example names."""
    for option, name in REFERENCE.findall(example):
        secret = "ab" * 32
        if option in ("certfile", "keyfile"):
            kind = "server" if option == "certfile" else "server_key"
            secret = Path(getattr(certificates, kind)).read_text()
        if option.endswith("_env"):
            monkeypatch.setenv(name, secret)
        elif option != "unix":
            (tmp_path / name).parent.mkdir(exist_ok=True)
            (tmp_path / name).write_text(secret)
            (tmp_path / name).chmod(0o600)


def test_the_example_is_good(check, example):
    """As it is written, without a warning."""
    assert check(example) == (0, ["FILE: all is well: realm realm1"])


def blocks(example: str) -> list[re.Match[str]]:
    return list(BLOCK.finditer(example))


@pytest.mark.usefixtures("surroundings")
def test_each_option_that_is_left_out_is_good(check, example, tmp_path):
    """With the # removed, one block of lines at a time."""
    assert len(blocks(example)) > 40
    for block in blocks(example):
        uncommented = COMMENTED.sub(lambda line: line[0][1:], block[0])
        text = f"{example[: block.start()]}{uncommented}{example[block.end() :]}"
        if re.search("^(unix|fd) = ", uncommented, re.MULTILINE):
            text = re.sub("^(host|port) = .*\n", "", text, flags=re.MULTILINE)
            text = text.replace("/run/wsocket/", f"{tmp_path}/")  # a folder
        good = (0, ["FILE: all is well: realm realm1"])
        assert check(text) == good, uncommented


@pytest.mark.usefixtures("surroundings")
def test_all_options_together_are_good(check, example):
    """Except those of which only one can be in use, and the list of tables twice."""
    text = COMMENTED.sub(lambda line: line[0][1:], example)
    text = re.sub("^(unix|fd|take_over) = .*\n", "", text, flags=re.MULTILINE)
    assert check(text) == (0, ["FILE: all is well: realm realm1"])


@pytest.mark.parametrize(
    "kind",
    [Limits, LongPolling, Bridge, BridgeKey, Realm, Role, Permission, Remember],
)
def test_every_option_stands_in_the_example(example, kind):
    """Also those that were added later, with the sample that they need."""
    for name in inspect.signature(kind).parameters:
        is_table = re.search(rf"\[(realms\.realm1|\w+)\.(roles\.)?{name}[.\]]", example)
        written = re.search(rf"^#?{name}(_file)? = ", example, re.MULTILINE)
        assert is_table or written, name


def test_options_have_their_defaults_and_explanations(example):
    """From the code."""
    assert (
        "\n# Bytes of such messages; 16 MiB by default.\n#outbox_bytes = 16_777_216\n"
        in example
    )
    assert (
        "\n# Seconds from a failed login to its answer; 1.0 by default.\n"
        "#login_delay = 1.0\n"
    ) in example


@pytest.mark.processes
def test_the_example_is_served(router, example):
    """Guests may do everything under com.example., and nothing elsewhere."""
    server = router(example.replace("port = 8080", "port = 0"))
    with connected(server.ws()) as client:
        client.join()
        assert client.welcome["authrole"] == "guest"
        assert client.request(64, {}, "com.example.add")[0] == REGISTERED
        assert client.request(64, {}, "com.other.add")[0] == ERROR


def test_a_file_is_not_overwritten_unless_that_is_forced(tmp_path, capsys, example):
    """The exit status is 2."""
    path = tmp_path / "router.toml"
    path.write_text("mine")
    assert cli.main(["init", str(path)]) == 2
    assert path.read_text() == "mine"
    assert capsys.readouterr().err == (
        f"wsocket: {path} is there already; --force overwrites it\n"
    )
    assert cli.main(["init", "--force", str(path)]) == 0
    assert path.read_text() == example


def test_without_a_path_it_is_router_toml(tmp_path, monkeypatch, capsys, example):
    """In the current folder; what to do next is said."""
    monkeypatch.chdir(tmp_path)
    assert cli.main(["init"]) == 0
    assert (tmp_path / "router.toml").read_text() == example
    assert "wsocket router router.toml" in capsys.readouterr().out


def test_a_path_that_cannot_be_written_is_a_usage_error(tmp_path, capsys):
    """With the reason."""
    path = tmp_path / "nowhere" / "router.toml"
    assert cli.main(["init", str(path)]) == 2
    error = capsys.readouterr().err
    assert error == f"wsocket: cannot write {path}: No such file or directory\n"
