"""Facts about a TLS connection, for the environ and for logins that are bound to it.

The names are those of Apache's mod_ssl, which applications know."""

from __future__ import annotations

import ssl
from dataclasses import dataclass, field
from typing import Any

TLS_UNIQUE = "tls-unique"

# RFC 5929 section 3 defines it by the Finished messages of these; RFC 8446 appendix C.5
# says that TLS 1.3 has none. Python offers no exporter for tls-exporter (RFC 9266).
_WITH_TLS_UNIQUE = frozenset({"TLSv1", "TLSv1.1", "TLSv1.2"})


@dataclass(frozen=True)
class TlsInfo:
    """The result of a TLS handshake.

    Attributes:
        protocol: The version, such as ``"TLSv1.3"``.
        cipher: OpenSSL's name of the cipher suite.
        asks_for_certificate: Whether the context asks clients for certificates.
        certificate: The client's verified certificate in DER, if it has sent one.
        subject: The same certificate, as `ssl.SSLSocket.getpeercert` describes it.
        tls_unique: Channel binding data (RFC 5929 section 3); None if there is none.
    """

    protocol: str
    cipher: str
    asks_for_certificate: bool = False
    certificate: bytes | None = field(default=None, repr=False)
    subject: dict[str, Any] = field(default_factory=dict, repr=False)
    tls_unique: bytes | None = field(default=None, repr=False)

    @classmethod
    def of(cls, tls: ssl.SSLObject) -> TlsInfo:
        """Read the facts after the handshake."""
        protocol = tls.version() or ""
        cipher = tls.cipher()
        # A resumed session may have the same data as one with a man in the middle
        # (RFC 7627 section 4), and Python does not say whether it may not.
        bound = protocol in _WITH_TLS_UNIQUE and not tls.session_reused
        return cls(
            protocol=protocol,
            cipher=cipher[0] if cipher else "",
            asks_for_certificate=tls.context.verify_mode != ssl.CERT_NONE,
            certificate=tls.getpeercert(binary_form=True),
            subject=dict(tls.getpeercert() or {}),
            tls_unique=tls.get_channel_binding(TLS_UNIQUE) if bound else None,
        )

    def channel_id(self, kind: str) -> bytes | None:
        """The channel binding data of type *kind* (RFC 5929); None if there is none."""
        return self.tls_unique if kind == TLS_UNIQUE else None

    def environ(self) -> dict[str, Any]:
        """The keys that TLS adds to the environ of every request on the connection."""
        environ: dict[str, Any] = {
            "wsgi.url_scheme": "https",
            "HTTPS": "on",
            "SSL_PROTOCOL": self.protocol,
            "SSL_CIPHER": self.cipher,
            "wsocket.channel_id": self.channel_id,
        }
        if self.asks_for_certificate:
            environ["SSL_CLIENT_VERIFY"] = "SUCCESS" if self.certificate else "NONE"
        if self.certificate:
            environ["SSL_CLIENT_CERT"] = ssl.DER_cert_to_PEM_cert(self.certificate)
            environ["wsocket.client_certificate"] = self.subject
        return environ
