"""Certificate files: those that work, and what is said about the others."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.certificates import Certificates
from wsocket.core.net.tls.certificates import load_context


def test_certificate_and_key_may_share_a_file(certificates):
    """Or be in two."""
    assert load_context(certificates.server)
    assert load_context(certificates.server, certificates.server_key)


@pytest.mark.parametrize(
    ("certfile", "keyfile", "said"),
    [
        ("missing", None, "cannot read {folder}/missing.pem: No such file"),
        ("server", "missing", "cannot read {folder}/missing.pem: No such file"),
        (
            "authority",
            None,
            "authority.pem: expected a certificate and its private key",
        ),
        ("server_key", None, "server_key.pem: expected a certificate"),
        ("garbage", "server_key", "expected a certificate and its private key in PEM"),
        ("server", "authority", "expected a certificate and its private key in PEM"),
        ("server", "other_key", "the private key is not that of the certificate"),
        (
            "server",
            "encrypted_key",
            "the private key is encrypted; decrypt it: openssl",
        ),
    ],
)
def test_files_that_cannot_be_used_are_named(
    certificates: Certificates, certfile, keyfile, said
):
    """With what is wrong with them."""
    Path(certificates.garbage).write_bytes(b"\0garbage\n" * 9)
    key = keyfile and getattr(certificates, keyfile)
    with pytest.raises(ValueError, match=r"\w") as refused:
        load_context(getattr(certificates, certfile), key)
    assert said.format(folder=certificates.folder) in str(refused.value)
