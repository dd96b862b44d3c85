"""What pyproject.toml cannot say: where the project is, what is compiled, and that
nothing has to be.

README.md is also a page of the package index, where relative links lead nowhere: there
they become addresses of the repository, at the tag of this version.

Some modules are written in C or compiled to it, each beside or from Python that does
the same where there is no compiler:

* the `C_FILES`, always;
* the modules of `HOT`, with mypyc, when something is built for installation. An
  editable installation keeps them interpreted. ``WSOCKET_PURE=1`` does too.
"""

from __future__ import annotations

import ast
import os
import re
import sys
import warnings
from pathlib import Path

from setuptools import Extension, setup
from setuptools.command.build_ext import build_ext

# What runs for each message. Two kinds of hot code are left out: frozen dataclasses
# (`Grant`), and functions that recurse over a peer's values (binary values in JSON),
# for compiled recursion is unbounded.
HOT = [
    "core/concurrency/crew",
    "core/concurrency/line",
    "core/concurrency/lines",
    "core/concurrency/seats",
    "core/concurrency/turns",
    "core/concurrency/workers",
    "core/histogram",
    "core/net/loop",
    "core/net/send_queue",
    "core/net/put_off",
    "core/net/stream",
    "core/net/stream_writer",
    "core/tally",
    "core/websocket/frame_header",
    "core/websocket/frames",
    "core/websocket/incoming_message",
    "core/websocket/message_buffer",
    "core/websocket/on_loop",
    "core/websocket/protocol",
    "wamp/authorization/guard",
    "wamp/authorization/judge",
    "wamp/authorization/question",
    "wamp/authorization/rules",
    "wamp/local/client",
    "wamp/local/encoding",
    "wamp/local/outcome",
    "wamp/protocol/caching",
    "wamp/protocol/ids",
    "wamp/protocol/patterns",
    "wamp/protocol/prefixes",
    "wamp/protocol/uris",
    "wamp/protocol/wildcards",
    "wamp/pubsub/audience",
    "wamp/pubsub/broker",
    "wamp/pubsub/history",
    "wamp/pubsub/publication",
    "wamp/pubsub/subscriptions",
    "wamp/rpc/answer_timer",
    "wamp/rpc/call_ending",
    "wamp/rpc/call_table",
    "wamp/rpc/dealer",
    "wamp/rpc/invocation_details",
    "wamp/rpc/registrar",
    "wamp/rpc/registrations",
    "wamp/rpc/routed_call",
    "wamp/serializers/base",
    "wamp/serializers/batching",
    "wamp/serializers/json",
    "wamp/serializers/msgpack",
    "wamp/session/counted_action",
    "wamp/session/event_delivery",
    "wamp/session/held_messages",
    "wamp/session/in_process",
    "wamp/session/link",
    "wamp/session/role_grants",
    "wamp/session/recipient",
    "wamp/session/session",
    "wamp/session/state",
    "wamp/session/traffic",
    "wamp/transports/frame_codec",
    "wamp/transports/longpoll_codec",
    "wamp/transports/longpoll_link",
    "wamp/transports/rawsocket",
    "wamp/transports/rawsocket_frames",
    "wamp/transports/websocket",
]

# Whether all is well typed is for `make check`, where gevent's stubs are.
MYPY_OPTIONS = [
    "--follow-imports=silent",
    "--ignore-missing-imports",
    "--no-warn-unused-ignores",
    "--no-warn-unreachable",
]

C_FILES = [
    "wsocket/core/websocket/_unmasking",
    "wsocket/wamp/serializers/_payload_parts",
    "wsocket/wamp/serializers/_weights",
]
if sys.platform != "win32":
    C_FILES.append("wsocket/core/net/_socket_io")
HEADERS = ["wsocket/wamp/serializers/_reader.h"]
WRITTEN_IN_C = [
    Extension(name.replace("/", "."), [f"{name}.c"], depends=HEADERS)
    for name in C_FILES
]


LINK = re.compile(r"(!?)(\[[^\]]*\]\()(?!https?:|#)([^)]*\))")


def constant(path: str, name: str) -> str:
    """The value of a constant; the package cannot be imported before it is built."""
    [value] = [
        node.value
        for node in ast.parse(Path(path).read_text()).body
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == name
    ]
    return str(ast.literal_eval(value))


ADDRESS = constant("wsocket/project.py", "ADDRESS")
TAG = "v" + constant("wsocket/project.py", "__version__")


def long_description() -> str:
    """README.md with absolute links; pictures need the file itself, not its page."""

    def absolute(link: re.Match[str]) -> str:
        kind = "raw" if link[1] else "blob"
        return f"{link[1]}{link[2]}{ADDRESS}/{kind}/{TAG}/{link[3]}"

    return LINK.sub(absolute, Path("README.md").read_text(encoding="utf-8"))


def router_modules() -> list[Extension]:
    """The modules of `HOT`, translated to C; none where that cannot or need not be."""
    building = {"bdist_wheel", "build_ext"} & set(sys.argv)
    if os.environ.get("WSOCKET_PURE") or not building:
        return []
    try:
        from mypyc.build import mypycify

        paths = [f"wsocket/{name}.py" for name in HOT]
        arguments = [*MYPY_OPTIONS, *paths]
        modules: list[Extension] = mypycify(arguments, opt_level="3", debug_level="0")
    # mypyc ends the process when mypy finds a mistake.
    except (Exception, SystemExit) as error:
        warnings.warn(f"the router stays interpreted: mypyc: {error}", stacklevel=1)
        return []
    return modules


class BuildAsMuchAsPossible(build_ext):
    """All modules, or as many as there can be: half of what mypyc made is unusable."""

    def run(self) -> None:
        wanted, compiler = self.extensions, self.compiler
        for attempt in (wanted, WRITTEN_IN_C, []):
            self.extensions, self.compiler = attempt, compiler
            try:
                super().run()
            except Exception as error:
                warnings.warn(f"not everything compiles: {error}", stacklevel=1)
            else:
                return


setup(
    long_description=long_description(),
    long_description_content_type="text/markdown",
    project_urls={
        "Source": ADDRESS,
        "Documentation": f"{ADDRESS}/blob/{TAG}/README.md#read-on",
        "Changelog": f"{ADDRESS}/blob/{TAG}/CHANGELOG.md",
        "Issues": f"{ADDRESS}/issues",
    },
    ext_modules=[*WRITTEN_IN_C, *router_modules()],
    cmdclass={"build_ext": BuildAsMuchAsPossible},
)
