"""Certificates for tests, made while they run: an authority, a server and a client."""

from __future__ import annotations

import ipaddress
import ssl
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
)
from cryptography.x509.oid import NameOID

PASSWORD = BestAvailableEncryption(b"secret")


@dataclass(frozen=True)
class Certificates:
    """Files in PEM format.

    Attributes:
        authority: The certificate that clients, and servers of client.pem, trust.
        server: Certificate and key for 127.0.0.1 and localhost.
        client: Certificate and key of somebody named Ada.
        server_key: The server's key, in a file of its own.
        encrypted_key: The same with a password.
        other_key: Nobody's.
    """

    folder: Path

    def __post_init__(self) -> None:
        authority = _Party("Authority")
        server, client = _Party("localhost"), _Party("Ada")
        self._write("authority", authority.issue(authority))
        self._write("server", authority.issue(server), server.pem())
        self._write("client", authority.issue(client), client.pem())
        self._write("server_key", server.pem())
        self._write("encrypted_key", server.pem(PASSWORD))
        self._write("other_key", _Party("nobody").pem())

    def __getattr__(self, name: str) -> str:
        return str(self.folder / f"{name}.pem")

    def server_context(self, *, asks: bool = False) -> ssl.SSLContext:
        """For a server, which may ask its clients for certificates."""
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(self.server)
        if asks:
            context.load_verify_locations(self.authority)
            context.verify_mode = ssl.CERT_OPTIONAL
        return context

    def client_context(
        self, version: ssl.TLSVersion | None = None, *, named: bool = False
    ) -> ssl.SSLContext:
        """For a client that trusts the authority, and may show a certificate."""
        context = ssl.create_default_context(cafile=self.authority)
        if version is not None:
            context.minimum_version = context.maximum_version = version
        if named:
            context.load_cert_chain(self.client)
        return context

    def _write(self, name: str, *parts: bytes) -> None:
        (self.folder / f"{name}.pem").write_bytes(b"".join(parts))


class _Party:
    """Somebody with a key."""

    def __init__(self, name: str) -> None:
        self.name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        self.key = ec.generate_private_key(ec.SECP256R1())

    def pem(self, encryption: object = None) -> bytes:
        return self.key.private_bytes(
            Encoding.PEM, PrivateFormat.PKCS8, encryption or NoEncryption()
        )

    def issue(self, subject: _Party) -> bytes:
        """Sign the other party's certificate, or the own one."""
        now = datetime.now(timezone.utc)
        builder = (
            x509.CertificateBuilder()
            .subject_name(subject.name)
            .issuer_name(self.name)
            .public_key(subject.key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - timedelta(hours=1))
            .not_valid_after(now + timedelta(days=1))
        )
        for extension, critical in self._extensions(subject):
            builder = builder.add_extension(extension, critical=critical)
        return builder.sign(self.key, SHA256()).public_bytes(Encoding.PEM)

    def _extensions(self, subject: _Party) -> Iterator[tuple[x509.ExtensionType, bool]]:
        """What RFC 5280 demands (Python 3.13 checks it), and whether it is critical."""
        public = self.key.public_key()
        if subject is self:
            yield x509.BasicConstraints(ca=True, path_length=None), True
            yield _SIGNS_CERTIFICATES, True
            yield x509.SubjectKeyIdentifier.from_public_key(public), False
        else:
            address = x509.IPAddress(ipaddress.ip_address("127.0.0.1"))
            names = [x509.DNSName("localhost"), address]
            yield x509.SubjectAlternativeName(names), False
            yield x509.AuthorityKeyIdentifier.from_issuer_public_key(public), False


_SIGNS_CERTIFICATES = x509.KeyUsage(
    digital_signature=False,
    content_commitment=False,
    key_encipherment=False,
    data_encipherment=False,
    key_agreement=False,
    key_cert_sign=True,
    crl_sign=True,
    encipher_only=False,
    decipher_only=False,
)
