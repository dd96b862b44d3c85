"""What goes wrong between a command and a router, in the words of a command line."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from wsocket.cli.exit_status import FAILED, UNREACHABLE, CommandFailed
from wsocket.errors import (
    ApplicationError,
    ConnectFailed,
    ConnectionLost,
    JoinRefused,
    PayloadError,
)

# What OpenSSL says of a chain that ends in an authority that is not trusted:
# X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT and the three after it.
_UNKNOWN_AUTHORITY = range(18, 22)


@contextmanager
def explained(url: str) -> Iterator[None]:
    """What goes wrong with the router in this block is raised as `CommandFailed`."""
    try:
        yield
    except (ApplicationError, PayloadError) as error:
        raise CommandFailed(str(error)) from error
    except (ConnectFailed, ConnectionLost, JoinRefused) as error:
        raise failure(error, url) from error


def failure(error: Exception, url: str) -> CommandFailed:
    """What ends a command because of *error*, which ended its session."""
    is_lost = isinstance(error, (ConnectFailed, ConnectionLost))
    message = _certificate_refused(error) or str(error)
    return CommandFailed(
        message if url in message else f"{url}: {message}",
        UNREACHABLE if is_lost else FAILED,
    )


def _certificate_refused(error: Exception) -> str:
    """What to do about the router's certificate; "" if all is well with it."""
    # Those of `ssl.SSLCertVerificationError`; only who uses TLS imports its module.
    reason = getattr(error.__cause__, "verify_message", None)
    if reason is None:
        return ""
    known = getattr(error.__cause__, "verify_code", 0) not in _UNKNOWN_AUTHORITY
    advice = "" if known else "; --cafile FILE trusts an authority of your own"
    return f"the router's certificate is not accepted: {reason}{advice}"
