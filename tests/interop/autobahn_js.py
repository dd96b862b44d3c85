"""What autobahn.js makes of the router: the outcomes of js/scenarios/*.mjs.

Where autobahn.js is at fault, its behaviour is stated all the same: a newer release
that behaves differently fails here, and `docs/wamp.md` is to be corrected.
"""

from __future__ import annotations

from typing import Any

INVALID_URI = "wamp.error.invalid_uri"
NOT_AUTHORIZED = "wamp.error.not_authorized"
DENIED = "wamp.error.authentication_denied"
CANCELED = "wamp.error.canceled"
VIOLATION = "3002 protocol violation: "
UNEXPECTED_ERROR = f"{VIOLATION}CALL-ERROR received for non-pending request ID"

BASICS: dict[str, Any] = {
    "join": {"realm": "realm1", "roles": ["broker", "dealer"]},
    "call_python": {
        "sum": 5,
        "both": {"args": [1, "two"], "kwargs": {"three": [3]}},
        "nothing": {"args": [], "kwargs": {}},
    },
    "call_client": {"args": ["two", 1], "kwargs": {"key": None}},
    "errors": {
        "client": {
            "error": "com.example.error.no",
            "args": [1],
            "kwargs": {"reason": "because"},
        },
        "python": {
            "error": "com.example.error.refused",
            "args": [1],
            "kwargs": {"why": "no"},
        },
        "crash": "wamp.error.runtime_error",
        "unknown": "wamp.error.no_such_procedure",
        "taken": "wamp.error.procedure_already_exists",
        "realm": "wamp.error.no_such_realm",
    },
    "unregister": {"before": "alive", "after": "wamp.error.no_such_procedure"},
    "publish": {
        "args": ["text"],
        "kwargs": {"key": 1},
        "same": True,
        "second": ["unacknowledged"],
    },
    "exclude_me": ["for me"],
    "unsubscribe": {"before": ["before"], "kept": ["kept"], "after": False},
    "binary": {"echoed": True, "event": True},
    "order": list(range(200)),
    "called_by_python": "TEXT",
    "leave": {
        "reason": "closed",
        "wamp": "wamp.close.goodbye_and_out",
        "will_retry": False,
    },
}

CALLS: dict[str, Any] = {
    "progress": {
        "heard": [1, 2, 3, {"args": [4], "kwargs": {"key": 4}}, None],
        "end": "end",
        "plain": "nobody wants it",
    },
    "progress_of_python": {"heard": [1, 2, 3], "end": None, "plain": [1, 2, 3]},
    "progress_for_python": [[1, 2, 3], "end"],
    "returns_nothing": {"thrown": None, "result": None, "error": None, "fate": "alive"},
    "progress_without_canceling": {"asked": False},
    # How the promise ends, then what becomes of the callee and of the caller.
    "cancel": {
        "none": ["Cancelled", "alive", UNEXPECTED_ERROR],
        "skip": ["Cancelled", "alive", UNEXPECTED_ERROR],
        "killnowait": ["Cancelled", "alive", UNEXPECTED_ERROR],
        "kill": [CANCELED, "alive", "alive"],
    },
    "cancel_compatibly": {
        "none": ["Cancelled", "alive", "alive"],
        "skip": ["Cancelled", "alive", "alive"],
        "killnowait": ["Cancelled", "alive", "alive"],
        "kill": [CANCELED, "alive", "alive"],
    },
    "timeout": {"error": "wamp.error.timeout", "fates": ["alive", "alive"]},
    "callee_leaves": CANCELED,
    "caller_leaves": "alive",
    "patterns": {
        "called": ["exact .a.b.c", "prefix .a.b.x", "prefix .ab", "wildcard .z.b.c"],
        "none": "wamp.error.no_such_procedure",
    },
    "shared": {
        "roundrobin": [1, 2, 1, 2],
        "first": [1, 1, 1, 1],
        "last": [2, 2, 2, 2],
        "another": "wamp.error.procedure_already_exists",
    },
    "caller_identification": {"hidden": [], "asked": True, "always": True},
    "registration_revoked": {
        "before": "alive",
        "reason": "enough",
        "active": False,
        "error": "wamp.error.no_such_procedure",
        "fate": "alive",
    },
    "registration_taken_over": {
        "reason": "wamp.error.unregistered",
        "now": "two again",
        "fate": "alive",
    },
    "registration_meta": {
        "looked_up": True,
        "matched": True,
        "unmatched": None,
        "details": {"match": "prefix", "invoke": "roundrobin", "uri": True},
        "callees": True,
        "count": 1,
        "listed": True,
        "unknown": "wamp.error.no_such_registration",
    },
}

ENDINGS: dict[str, Any] = {
    "killed": {
        "end": {"reason": "closed", "wamp": "com.example.enough", "will_retry": False},
        "gone": "wamp.error.no_such_session",
    },
    "refused_publication": {
        "refused": {
            "wamp.session.on_join": INVALID_URI,
            "com..empty": INVALID_URI,
            "com.white space": INVALID_URI,
        },
        "fate": "alive",
    },
    "subscribing_under_load": ["alive", "alive"],
    "gap": {
        "lenient": "alive",
        # It does not know ABORT once it has joined, but the end is the same.
        "strict": [
            {"reason": "closed", "wamp": None, "will_retry": True},
            f"{VIOLATION}unexpected message type",
        ],
    },
    "order_of_all_sizes": [100000, 0, 10000, 1, 50000, 2],
}

EVENTS: dict[str, Any] = {
    "patterns_of_topics": {
        "prefix": [[".a.b", ".a.b"], [".ab", ".ab"]],
        "wildcard": [[".a.b", ".a.b"], [".z.b", ".z.b"]],
        "exact": [[".a.b", ".a.b"]],
    },
    "black_and_white_lists": [
        "exclude_another",
        "eligible",
        "eligible_authid",
        "eligible_authrole",
    ],
    "publisher_identification": [
        ["hidden", False, None],
        ["asked", True, "anonymous"],
        ["always", True, "anonymous"],
    ],
    "retained": ["last", True, "live", False],
    "history": [[1], [2]],
    "testament": {"args": ["will"], "kwargs": {"key": 1}},
    "subscription_revoked": {
        "reason": "enough",
        "active": False,
        "heard": False,
        "fate": "alive",
    },
    "subscription_meta": {
        "looked_up": True,
        "matched": True,
        "details": {"match": "prefix", "uri": True},
        "subscribers": True,
        "count": 1,
        "listed": True,
    },
    "session_meta": {
        "joined": True,
        "role": "anonymous",
        "listed": True,
        "counted": True,
        "gone": "wamp.error.no_such_session",
    },
}

LOGINS: dict[str, Any] = {
    "right_secrets": {
        "ticket": ["joe", "user", "ticket"],
        "wampcra": ["joe", "user", "wampcra"],
        "salted": ["salted", "user", "wampcra"],
        "cryptosign": ["owner", "user", "cryptosign"],
    },
    "wrong_secrets": {
        "ticket": DENIED,
        "wampcra": DENIED,
        "salted": DENIED,
        "cryptosign": DENIED,
        "anonymous": "wamp.error.no_matching_auth_method",
    },
    "permissions": {
        "publish": NOT_AUTHORIZED,
        "subscribe": NOT_AUTHORIZED,
        "register": NOT_AUTHORIZED,
        "call": NOT_AUTHORIZED,
        "disclose": "wamp.error.option_disallowed.disclose_me",
        "fate": "alive",
    },
}

EXPECTED: dict[str, Any] = {
    **BASICS,
    **CALLS,
    **ENDINGS,
    **EVENTS,
    **LOGINS,
    "last_words": ["alive", "alive"],  # of the two sessions that all share
}

# Where it makes a difference.
WITH_MESSAGEPACK: dict[str, Any] = {
    "returns_nothing": {
        "thrown": "undefined is not encodable in msgpack!",
        "result": None,
        "error": "wamp.error.timeout",
        "fate": "alive",
    },
}
