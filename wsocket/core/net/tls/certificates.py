"""A TLS context from the files of a certificate and its key."""

from __future__ import annotations

import ssl

# OpenSSL has three names for this problem.
_MISMATCH = frozenset(
    {"KEY_VALUES_MISMATCH", "KEY_TYPE_MISMATCH", "NO_CERTIFICATE_ASSIGNED"}
)


def load_context(certfile: str, keyfile: str | None = None) -> ssl.SSLContext:
    """A context for a server of HTTP/1.1, with Python's defaults (TLS 1.2 and 1.3).

    Args:
        certfile: Path of a PEM file: the certificate, then the intermediate ones.
        keyfile: Path of a PEM file with the private key, if that is not in *certfile*.

    Raises:
        ValueError: A file cannot be used; the message says which one, and why.
    """
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.set_alpn_protocols(["http/1.1"])
    files = [certfile] if keyfile is None else [certfile, keyfile]
    for path in files:  # OpenSSL does not say which one it cannot read
        _check_readable(path)
    try:
        context.load_cert_chain(certfile, keyfile, password=_no_password)
    except ssl.SSLError as error:
        if error.reason in _MISMATCH:
            problem = "the private key is not that of the certificate"
        else:
            problem = "expected a certificate and its private key in PEM format"
        raise ValueError(f"{' and '.join(files)}: {problem}") from error
    return context


def _no_password() -> str:
    """Called for an encrypted key. Without this OpenSSL would ask on the terminal."""
    raise ValueError(
        "the private key is encrypted; decrypt it: openssl pkey -in KEY -out NEW_KEY"
    )


def _check_readable(path: str) -> None:
    try:
        with open(path, "rb"):
            pass
    except OSError as error:
        raise ValueError(f"cannot read {path}: {error.strerror}") from error
