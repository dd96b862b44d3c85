"""Dicts in messages whose known keys are typed."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta, Struct

from wsocket.wamp.protocol.ids import Id


class Fields(Struct, gc=False):
    """A dict whose known keys are typed: Options, Details, Extra."""


class Passthru(Fields):
    """Keys of "Payload Passthru Mode": the router does not read the payload."""

    ppt_scheme: str | None = None
    ppt_serializer: str | None = None
    ppt_cipher: str | None = None
    ppt_keyid: str | None = None

    def passthru(self) -> dict[str, str]:
        """The keys that are present, for the details of the message to the receiver."""
        return {
            key: value
            for key in ("ppt_scheme", "ppt_serializer", "ppt_cipher", "ppt_keyid")
            if (value := getattr(self, key)) is not None
        }


# autobahn-python's "payload transparency", older than the payload passthru mode: its
# key `enc_algo` says that one encrypted value takes the place of Arguments.
EncAlgo = Annotated[str, Meta(pattern=r"\A(?:cryptobox|mqtt|xbr|x_[a-z0-9_]*)\Z")]


class Hop(Fields):
    """An item of `forward_for`: a session that the message came from."""

    session: Id
    authid: str | None
    authrole: str
