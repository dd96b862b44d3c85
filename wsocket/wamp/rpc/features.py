"""What the dealer announces in WELCOME."""

from __future__ import annotations

FEATURES = {
    "call_canceling": True,
    "call_reroute": True,
    "call_timeout": True,
    "call_trustlevels": True,
    "caller_identification": True,
    "pattern_based_registration": True,
    "payload_passthru_mode": True,
    "progressive_call_invocations": True,
    "progressive_call_results": True,
    "registration_revocation": True,
    "shared_registration": True,
}
