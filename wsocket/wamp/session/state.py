"""The states of a session (Basic Profile, "Session Lifecycle")."""

from __future__ import annotations

import enum


class State(enum.Enum):
    """A state; its value completes the sentence "the session is ..."."""

    CLOSED = "not open yet: HELLO comes first"
    ADMITTING = "waiting for the router's answer to HELLO or AUTHENTICATE"
    CHALLENGED = "waiting for AUTHENTICATE"
    ESTABLISHED = "in a realm"
    SHUTTING_DOWN = "the router said GOODBYE and waits for the client's"
    ENDED = "aborted, or its transport is gone"
