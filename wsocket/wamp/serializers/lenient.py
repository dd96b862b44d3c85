"""Messages as some clients write them, read in a second attempt.

JavaScript has one type of number, and some of its encoders write large integers as
floats. It has two values for "nothing", and some libraries send one of them for each
option that the application has not given. A message that is not legal as it stands is
read once more: a key whose value is null is taken as absent where the key is optional,
and a float that is an integer as an integer. Nothing else is forgiven.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any, get_args

import msgspec
from msgspec import Raw, inspect

from wsocket.wamp.protocol.client_messages import ClientMessage, Message
from wsocket.wamp.protocol.field_names import PAYLOAD_INDEX
from wsocket.wamp.protocol.router_messages import RouterMessage
from wsocket.wamp.serializers.base import not_utf8, total_size

# Bytes of a message without its payload. A longer one is not read again: it would take
# too long, and it has no few options that a library has filled in.
MAX_HEAD = 65536

# A float above this is certainly no ID, and as an integer it may have 309 digits. Below
# it the error says what the largest ID is.
_LARGEST = 2**64


def reread(
    items: list[Raw], decode: Callable[[Raw], Any], error: Exception
) -> ClientMessage:
    """The message with these encoded items.

    Args:
        error: What was wrong at the first attempt.

    Raises:
        msgspec.DecodeError: It is no message of a client, however it is read.
        Exception: *error*, if the message is not read again.
    """
    code = code_of(items, decode)
    end = PAYLOAD_INDEX.get(code, len(items)) if type(code) is int else len(items)
    size = total_size(items[:end])
    if size > MAX_HEAD:
        raise error
    head = [_item(index, item, decode) for index, item in enumerate(items[:end])]
    message: ClientMessage = message_of(head, items[end:], CLIENT, size=size)
    return message


def code_of(items: list[Raw], decode: Callable[[Raw], Any]) -> Any:
    """The code of the message with these encoded items, if there is one."""
    return _item(0, items[0], decode) if items else None


def _item(index: int, item: Raw, decode: Callable[[Raw], Any]) -> Any:
    try:
        return decode(item)
    except UnicodeDecodeError as error:
        problem, path = not_utf8(error), ""
    except msgspec.ValidationError as error:
        problem, _, path = str(error).partition(" - at `$")
    raise msgspec.DecodeError(f"{problem} - at `$[{index}]{path.rstrip('`')}`")


class Side:
    """The messages that one side may send; *kinds* is `ClientMessage`, for instance."""

    def __init__(self, kinds: Any) -> None:
        self._kinds = kinds
        self._by_code = {kind.__struct_config__.tag: kind for kind in get_args(kinds)}

    def convert(self, items: list[Any]) -> Any:
        """The message with these items.

        Raises:
            msgspec.ValidationError: There is none.
        """
        code = items[0] if items and type(items[0]) is int else None
        # With all kinds at once msgspec takes a hundred times as long.
        return msgspec.convert(items, self._by_code.get(code, self._kinds))


CLIENT, ROUTER = Side(ClientMessage), Side(RouterMessage)


def message_of(items: list[Any], raws: list[Raw], side: Side, *, size: int) -> Any:
    """The message with these items.

    Args:
        items: Code and head, as plain values; undefined is None.
        raws: The encoded Arguments and ArgumentsKw, if they are there.
        side: Who has sent it.
        size: How many bytes *items* had.

    Raises:
        msgspec.ValidationError: It is none of these.
    """
    try:
        message = side.convert(items)
    except msgspec.ValidationError:
        if size > MAX_HEAD:
            raise
        message = side.convert(_corrected_items(items))
    if raws:
        message.args = raws[0]
    if len(raws) > 1:
        message.kwargs = raws[1]
    return message


def whole(value: Any, largest: int = _LARGEST) -> Any:
    """A float that is an integer up to *largest* as int; everything else as it is."""
    if type(value) is float and value.is_integer() and abs(value) <= largest:
        return int(value)
    return value


def corrected(value: Any, kind: inspect.Type) -> Any:
    """What is to be converted to *kind* in place of *value*."""
    if isinstance(kind, inspect.IntType):
        return whole(value)
    if isinstance(kind, inspect.UnionType):  # such as `list[Id] | None`
        for each in kind.types:
            value = corrected(value, each)
    elif isinstance(kind, inspect.ListType) and isinstance(value, list):
        if isinstance(kind.item_type, inspect.IntType):
            return [whole(each) for each in value]
        return [corrected(each, kind.item_type) for each in value]
    elif isinstance(kind, inspect.StructType) and isinstance(value, dict):
        return _corrected_dict(value, kind)
    return value


def _corrected_dict(value: dict[Any, Any], kind: inspect.StructType) -> dict[Any, Any]:
    given = dict(value)
    for field in kind.fields:
        if field.encode_name not in given:
            continue
        if given[field.encode_name] is not None:
            found = given[field.encode_name]
            given[field.encode_name] = corrected(found, field.type)
        elif not field.required:
            del given[field.encode_name]
    return given


def _corrected_items(items: list[Any]) -> list[Any]:
    struct = _STRUCTS.get(items[0]) if items and type(items[0]) is int else None
    if struct is None:
        return items
    fields = [
        corrected(item, field.type)
        for item, field in zip(items[1:], kind_of(struct).fields, strict=False)
    ]
    return [items[0], *fields, *items[1 + len(fields) :]]


@cache  # not made for all at once: few clients need them
def kind_of(struct: type[msgspec.Struct]) -> inspect.StructType:
    """The fields of *struct*, for `corrected`."""
    kind = inspect.type_info(struct)
    assert isinstance(kind, inspect.StructType)
    return kind


_STRUCTS: dict[Any, type[Message]] = {
    kind.__struct_config__.tag: kind
    for kind in (*get_args(ClientMessage), *get_args(RouterMessage))
}
