"""All procedures of the meta API.

To clients they are ordinary procedures, and calls of them are authorized like any
other. Nobody can register their URIs, and no pattern catches calls of them.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol

from wsocket.wamp.authorization.judge import Judge
from wsocket.wamp.meta.answer import MetaProcedure, Procedure
from wsocket.wamp.rpc.builtins import Builtin, Builtins

BROKER_FEATURES = {"session_meta_api": True, "subscription_meta_api": True}
DEALER_FEATURES = {
    "registration_meta_api": True,
    "session_meta_api": True,
    "testament_meta_api": True,
}


class Procedures(Protocol):
    """The procedures about one subject."""

    def table(self) -> dict[str, Procedure]:
        """The procedures, by URI."""


def meta_procedures(
    subjects: Iterable[Procedures], judge: Judge, builtins: Builtins
) -> dict[str, Builtin]:
    """The procedures of all *subjects* as the dealer calls them, by URI."""
    return {
        uri: MetaProcedure(function, judge, builtins)
        for subject in subjects
        for uri, function in subject.table().items()
    }
