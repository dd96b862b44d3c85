"""All that a file says, read and checked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

from wsocket.app import WSocketApp
from wsocket.core.net.limits import Limits
from wsocket.standalone.addresses import (
    ADDRESS_OPTIONS,
    SERVER_OPTIONS,
    RawSocketSettings,
    ServerSettings,
    read_rawsocket,
    read_server,
)
from wsocket.standalone.bridge import BridgeTable, all_known, read_bridge
from wsocket.standalone.document import parse
from wsocket.standalone.no_pages import RouterWithoutPages
from wsocket.standalone.nodes import Node, Outside, Unusable
from wsocket.standalone.options import Option, options_of
from wsocket.standalone.problems import Problem, Report
from wsocket.standalone.realms import read_realms
from wsocket.standalone.tables import Given, Table, make, object_reader, without_name
from wsocket.standalone.values import list_of
from wsocket.wamp.bridge.settings import Bridge
from wsocket.wamp.router.config import Realm
from wsocket.wamp.transports.longpoll_settings import LongPolling
from wsocket.wamp.transports.rawsocket_frames import largest_size

# Parameters of `WSocketApp` that are other tables of the file, or are for the routes
# and procedures of an application, of which a stand-alone router has none.
NOT_OF_ROUTER = (
    "protocol",
    "debug",
    "realm",
    "longpoll",
    "max_workers",
    "compression",
    "bridge",
    "report_url",
)
ROUTER_OPTIONS: dict[str, Option] = options_of(WSocketApp, leave_out=NOT_OF_ROUTER)


@dataclass(frozen=True)
class Configuration:
    """What a file describes: a router, and where it listens."""

    app: WSocketApp
    realms: Sequence[Realm]
    server: ServerSettings
    rawsockets: Sequence[RawSocketSettings]


@dataclass(frozen=True)
class Reading:
    """What came of reading a file.

    Attributes:
        configuration: None if there are problems.
        problems: By line.
        warnings: The same, of what works but should not be so.
    """

    configuration: Configuration | None
    problems: Sequence[Problem] = ()
    warnings: Sequence[Problem] = ()


def read_configuration(octets: bytes, outside: Outside) -> Reading:
    """Read the content of a file, and report all that is wrong with it.

    Args:
        outside: Where secrets and certificates are.
    """
    document = parse(octets)
    if isinstance(document, Problem):
        return Reading(None, [document])
    report = Report(document.lines, _HOMES)
    node = Node(document.values, (), report, outside)
    configuration = _configuration(node)
    problems = sorted(report.problems)
    return Reading(
        None if problems else configuration, problems, sorted(report.warnings)
    )


def _configuration(node: Node) -> Configuration | None:
    """What can be made of the file, for which the report may be a reason against."""
    given = _FILE.given(node)
    values = given.values
    if "realms" not in node.value:
        node.note("realms is missing; [realms.realm1] opens a realm")
    realms = values.get("realms") or [Realm("realm1")]
    if "bridge" in values and not (
        "realms" in values and all_known(values["bridge"], node.value["realms"])
    ):
        del values["bridge"]  # the application would refuse it once more
    app = _app(node, given, realms)
    rawsockets = values.get("rawsocket", [])
    if app is not None and rawsockets:
        _report_size(node, app.max_message_size)
    server = values.get("server", ServerSettings())
    return None if app is None else Configuration(app, realms, server, rawsockets)


def _app(node: Node, given: Given, realms: Sequence[Realm]) -> WSocketApp | None:
    """The application; None if the report says why there is none."""
    bridge: BridgeTable | None = given.values.get("bridge")
    maker = partial(
        RouterWithoutPages,
        protocol="WAMP",
        realm=realms[0],
        realms=realms[1:],
        limits=given.values.get("limits"),
        longpoll=given.values.get("longpoll"),
        bridge=None if bridge is None else bridge.bridge,
    )
    router = given.values.get("router", Given())
    place = node.of("router") if "router" in node.value else node
    try:
        return make(place, maker, router)
    except Unusable:
        return None


def _report_size(node: Node, max_message_size: int) -> None:
    """Report a size of messages that clients of RawSocket cannot be told."""
    try:
        largest_size(max_message_size)
    except ValueError as error:
        node.of("router").of("max_message_size").note(
            without_name(str(error), "max_message_size")
        )


_FILE = Table(
    {},
    readers={
        "server": read_server,
        "router": Table(ROUTER_OPTIONS).given,
        "limits": object_reader(Limits),
        "longpoll": object_reader(LongPolling),
        "bridge": read_bridge,
        "realms": read_realms,
        "rawsocket": lambda node: list_of(node, read_rawsocket),
    },
)

# Where an option belongs that stands in another table. Some names of the bridge are
# those of other tables, too.
_HOMES = {
    **dict.fromkeys(
        options_of(Bridge, leave_out=("realm", "keys", "tokens")), "[bridge]"
    ),
    **dict.fromkeys(options_of(LongPolling), "[longpoll]"),
    **dict.fromkeys(options_of(Realm), "[realms.NAME]"),
    **dict.fromkeys(options_of(Limits), "[limits]"),
    **dict.fromkeys(ROUTER_OPTIONS, "[router]"),
    **dict.fromkeys((*ADDRESS_OPTIONS, *SERVER_OPTIONS), "[server]"),
}
