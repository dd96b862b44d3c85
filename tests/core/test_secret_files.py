"""Secrets in files: what is taken, refused and warned of."""

from __future__ import annotations

import re

import pytest

from wsocket.core.secret_files import exposure, read_secret


@pytest.mark.parametrize("end", ["", "\n", "\r\n"])
def test_the_end_of_the_line_is_no_part_of_a_secret(tmp_path, end):
    """Spaces are."""
    path = tmp_path / "secret"
    path.write_bytes(f" é s3cret {end}".encode())
    assert read_secret(str(path)) == " é s3cret "


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "expected a secret, and the file is empty"),
        (b"\n", "expected a secret, and the file is empty"),
        (b"s3cret\xff", "expected text in UTF-8"),
        (b"x" * 65537, "too long for a secret: 65536 bytes at most"),
    ],
    ids=["empty", "empty line", "binary", "long"],
)
def test_what_is_no_sensible_secret_is_refused(tmp_path, content, said):
    """The content is not shown."""
    path = tmp_path / "secret"
    path.write_bytes(content)
    with pytest.raises(ValueError, match=f"^{re.escape(f'{path}: {said}')}$"):
        read_secret(str(path))


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("nowhere", "No such file or directory"),
        (".", "Is a directory"),
        ("a\0b", "embedded null byte"),
    ],
)
def test_a_file_that_cannot_be_read_is_refused(tmp_path, name, said):
    """With the reason."""
    path = f"{tmp_path}/{name}"
    with pytest.raises(
        ValueError, match=f"^{re.escape(f'cannot read {path}: {said}')}$"
    ):
        read_secret(path)


@pytest.mark.parametrize(
    ("mode", "is_said"),
    [(0o600, False), (0o640, False), (0o644, True), (0o602, True)],
)
def test_a_file_that_everybody_can_read_is_warned_of(tmp_path, mode, is_said):
    """The group of a service may read it."""
    path = tmp_path / "secret"
    path.write_text("s3cret")
    path.chmod(mode)
    said = f"other users can read {path} (mode {mode:04o}): chmod o-rwx {path}"
    assert exposure(str(path)) == (said if is_said else None)
