"""The features that clients announce (HELLO.Details.roles)."""

from __future__ import annotations

from wsocket.wamp.protocol.caching import keep
from wsocket.wamp.protocol.client_messages import NO_ROLE, ClientRoles

# The features of clients in the specification. Other names are not kept, because a
# client could announce a million of them.
_CLIENT_FEATURES = frozenset(
    (
        "call_canceling",
        "call_reroute",
        "call_timeout",
        "call_trustlevels",
        "caller_identification",
        "pattern_based_registration",
        "pattern_based_subscription",
        "payload_passthru_mode",
        "progressive_call_invocations",
        "progressive_call_results",
        "publication_trustlevels",
        "publisher_exclusion",
        "publisher_identification",
        "registration_revocation",
        "shared_registration",
        "subscriber_blackwhite_listing",
        "subscription_revocation",
    )
)

# The specification spells this feature in two ways.
_OTHER_SPELLINGS = {"call_cancelling": "call_canceling"}

# Clients of one kind announce the same features: their sessions share one set.
_known_features: dict[frozenset[str], frozenset[str]] = {}
_MAX_KNOWN_FEATURES = 1000


def announced_features(roles: ClientRoles) -> frozenset[str]:
    """The features in HELLO, as ``"role.feature"``."""
    features = frozenset(
        f"{name}.{known}"
        for name in ("caller", "callee", "publisher", "subscriber")
        for feature, announced in (getattr(roles, name) or NO_ROLE).announced()
        if announced is True
        and (known := _OTHER_SPELLINGS.get(feature, feature)) in _CLIENT_FEATURES
    )
    known_features = _known_features.get(features)
    if known_features is not None:
        return known_features
    keep(_known_features, features, features, max_entries=_MAX_KNOWN_FEATURES)
    return features
