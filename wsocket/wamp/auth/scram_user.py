"""Users of WAMP-SCRAM: keys that were derived from a password (RFC 5802, RFC 9106)."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from wsocket.core.checks import check_bytes, check_integer, check_text
from wsocket.core.keywords import checks_fields, checks_keywords
from wsocket.project import installation
from wsocket.wamp.auth.base import Principal
from wsocket.wamp.auth.saslprep import saslprep

try:
    from argon2.low_level import Type as Argon2Type
    from argon2.low_level import hash_secret_raw
except ImportError:
    HAS_ARGON2 = False
else:
    HAS_ARGON2 = True

PBKDF2 = "pbkdf2"
ARGON2ID13 = "argon2id13"

# The default cost of a login for the client. Argon2id: the second option of RFC 9106,
# section 4 (but WAMP-SCRAM fixes the parallelism at 1). PBKDF2: about 0.1 s.
DEFAULT_ITERATIONS = {PBKDF2: 100_000, ARGON2ID13: 3}
DEFAULT_MEMORY = {PBKDF2: None, ARGON2ID13: 65_536}

MAX_COST = 2**31 - 1
KEY_LENGTH = 32  # of SHA-256


@checks_fields
@dataclass(frozen=True, kw_only=True)
class ScramUser(Principal):
    """A user whose password the router does not know (Advanced Profile, "Salted
    Challenge Response Authentication"); `from_password` makes one.

    Attributes:
        salt: Random bytes, different for each user; it has no default.
        stored_key: With these 32 bytes the router checks a client's proof (RFC 5802
            section 3); it has no default.
        server_key: With these 32 bytes the router proves to a client that it knows the
            user (the same section); it has no default.
        iterations: How much work the key derivation function is; it has no default.
        kdf: The key derivation function: ``"pbkdf2"``, the default, or
            ``"argon2id13"``.
        memory: KiB that ``argon2id13`` takes; None, the default, for ``pbkdf2``.
        role: The authrole that the client gets; it has no default.
        provider: The authprovider; None, the default, is ``"static"`` for a table of
            users and ``"dynamic"`` for a callable.
        extra: For WELCOME.Details.authextra, which the client gets; ``{}`` by default.
    """

    salt: bytes
    stored_key: bytes = field(repr=False)
    server_key: bytes = field(repr=False)
    iterations: int
    kdf: str = PBKDF2
    memory: int | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        check_bytes("ScramUser.stored_key", self.stored_key, length=KEY_LENGTH)
        check_bytes("ScramUser.server_key", self.server_key, length=KEY_LENGTH)
        check_cost("ScramUser.", self.kdf, self.salt, self.iterations, self.memory)

    @classmethod
    @checks_keywords
    def from_password(
        cls,
        password: str,
        *,
        role: str,
        kdf: str = PBKDF2,
        salt: bytes | None = None,
        iterations: int | None = None,
        memory: int | None = None,
        provider: str | None = None,
        extra: Mapping[str, Any] | None = None,
        token_bytes: Callable[[int], bytes] = secrets.token_bytes,
    ) -> ScramUser:
        """Make the keys to store for a user with this password.

        Args:
            salt: Random by default.
            iterations: By default 100,000 for ``pbkdf2``, 3 for ``argon2id13``.
            memory: KiB, for ``argon2id13``; by default 65,536.

        Raises:
            TypeError, ValueError: An argument is invalid, or SASLprep refuses it.
            ImportError: ``argon2id13`` without the package argon2-cffi.
        """
        check_kdf("kdf", kdf)
        salt = token_bytes(16) if salt is None else salt
        iterations = DEFAULT_ITERATIONS[kdf] if iterations is None else iterations
        memory = DEFAULT_MEMORY[kdf] if memory is None else memory
        stored_key, server_key = keys_of(password, kdf, salt, iterations, memory)
        return cls(
            role=role,
            salt=salt,
            stored_key=stored_key,
            server_key=server_key,
            iterations=iterations,
            kdf=kdf,
            memory=memory,
            provider=provider,
            extra={} if extra is None else extra,
        )


def check_kdf(name: str, kdf: object) -> None:
    check_text(name, kdf)
    if kdf not in DEFAULT_ITERATIONS:
        expected = " or ".join(map(repr, DEFAULT_ITERATIONS))
        raise ValueError(f"{name}: expected {expected}, got {kdf!r}")


def check_cost(
    prefix: str, kdf: str, salt: bytes, iterations: int, memory: int | None
) -> None:
    """Accept valid parameters of a key derivation; *prefix* goes before the names."""
    check_kdf(f"{prefix}kdf", kdf)
    check_bytes(f"{prefix}salt", salt)
    check_integer(f"{prefix}iterations", iterations, low=1, high=MAX_COST)
    if kdf == PBKDF2:
        if memory is not None:
            raise ValueError(f"{prefix}memory: expected None with kdf 'pbkdf2'")
        return
    check_integer(f"{prefix}memory", memory, low=8, high=MAX_COST)
    if len(salt) < 8:  # the minimum of Argon2
        raise ValueError(f"{prefix}salt: expected 8 bytes or more, got {len(salt)}")


def keys_of(
    password: str, kdf: str, salt: bytes, iterations: int, memory: int | None
) -> tuple[bytes, bytes]:
    """StoredKey and ServerKey (RFC 5802, section 3).

    Raises:
        TypeError, ValueError: An argument is invalid.
        ImportError: The package argon2-cffi is not installed.
    """
    check_text("password", password)
    check_cost("", kdf, salt, iterations, memory)
    prepared = saslprep(password, allow_unassigned=False).encode()
    salted = derive(prepared, salt, iterations, memory)
    client_key = hmac.digest(salted, b"Client Key", "sha256")
    server_key = hmac.digest(salted, b"Server Key", "sha256")
    return hashlib.sha256(client_key).digest(), server_key


def derive(password: bytes, salt: bytes, iterations: int, memory: int | None) -> bytes:
    """SaltedPassword: with Argon2id 1.3 if *memory* is given, else with PBKDF2.

    Raises:
        ImportError: The package argon2-cffi is not installed.
    """
    if memory is None:
        return hashlib.pbkdf2_hmac("sha256", password, salt, iterations, KEY_LENGTH)
    if not HAS_ARGON2:
        raise ImportError(
            f"kdf 'argon2id13' needs the package argon2-cffi: {installation('auth')}"
        )
    return hash_secret_raw(
        password,
        salt,
        time_cost=iterations,
        memory_cost=memory,
        parallelism=1,
        hash_len=KEY_LENGTH,
        type=Argon2Type.ID,
        version=0x13,
    )
