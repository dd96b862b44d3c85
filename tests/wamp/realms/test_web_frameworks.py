"""The recipes of docs/wamp.md: who is logged in to Flask or Django is so here."""

from __future__ import annotations

import contextlib
import re
import urllib.request
from collections.abc import Iterator
from http.cookies import SimpleCookie

import pytest

from tests.patience import SECONDS
from tests.programs import ROOT, Server, app_commands, running
from tests.wamp.raw_client import WELCOME, RawClient
from tests.wamp.realms.conftest import CookieClient, knock, turned_away

SITES = ("flask_login", "django_login")
NOBODY = "wamp.error.no_matching_auth_method"


@pytest.fixture(
    scope="module",
    params=[(site, kind) for site in SITES for kind in ("threads", "gevent")],
    ids="-".join,
)
def site(processes, request, tmp_path_factory) -> Iterator[Server]:
    """A site and its router, in a process of its own."""
    name, kind = request.param
    folder = tmp_path_factory.mktemp(name)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DATABASE", str(folder / "db.sqlite3"))
        command = app_commands(f"tests.wamp.apps.{name}")[kind]
        with running(command, folder / "log") as server:
            yield server


def visit(site: Server, path: str, *, cookie: str = "") -> str:
    """Get a page as a browser does; the cookie it leaves."""
    request = urllib.request.Request(site.http(path), headers={"Cookie": cookie})
    with urllib.request.urlopen(request, timeout=SECONDS) as response:
        [(name, morsel)] = SimpleCookie(response.headers["Set-Cookie"]).items()
    return f"{name}={morsel.value}"


@pytest.fixture
def connect(site):
    with contextlib.ExitStack() as stack:

        def connect(cookie: str) -> RawClient:
            client = CookieClient(site.ws(), cookie)
            stack.callback(client.close)
            return client

        yield connect


@pytest.mark.parametrize("name", ["joe", "ann"])
def test_session_of_the_site_says_who_it_is(site, connect, name):
    """The cookie that its login set is enough."""
    cookie = visit(site, f"/login/{name}")
    code, _, welcome = knock(connect(f"theme=dark; {cookie}"))
    assert code == WELCOME
    assert (welcome["authid"], welcome["authrole"]) == (name, "user")
    assert welcome["authmethod"] == "cookie"


def test_forged_session_is_nobodys(site, connect):
    """Signed by somebody else, or made up."""
    name, value = visit(site, "/login/joe").split("=", 1)
    for forged in (value[::-1], value[:-4] + "AAAA", "x" * 32, ""):
        client = connect(f"{name}={forged}")
        assert turned_away(client, knock(client)) == NOBODY


def test_session_that_was_logged_out_is_nobodys(site, connect):
    """From then on."""
    cookie = visit(site, "/login/joe")
    client = connect(cookie)
    assert knock(client)[0] == WELCOME
    cookie = visit(site, "/logout", cookie=cookie)
    client = connect(cookie)
    assert turned_away(client, knock(client)) == NOBODY


def test_many_at_once_are_not_mixed_up(site, connect):
    """Each worker looks at its own request."""
    cookies = {name: visit(site, f"/login/{name}") for name in ("joe", "ann")}
    clients = [(name, connect(cookies[name])) for name in ("joe", "ann") * 10]
    for _, client in clients:
        client.send(1, "realm1", {"roles": {"caller": {}}})
    for name, client in clients:
        code, _, welcome = client.receive()
        assert (code, welcome["authid"]) == (WELCOME, name)


@pytest.mark.parametrize("name", SITES)
def test_recipe_is_what_is_tested(name):
    """The function in the documentation is the one of the site above."""
    source = (ROOT / f"tests/wamp/apps/{name}.py").read_text()
    [function] = re.findall(r"^def logged_in.*?(?=\n\n\n)", source, re.M | re.S)
    assert function in (ROOT / "docs/wamp.md").read_text()
