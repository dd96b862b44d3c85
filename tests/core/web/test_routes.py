"""Path to handler."""

from __future__ import annotations

import pytest

from wsocket.core.web.routes import Routes, request_path


def named(name: str):
    """A handler that can be told from the others."""

    def handler(environ, start_response):
        return name

    return handler


@pytest.fixture
def routes() -> Routes:
    """Exact routes and prefixes that overlap."""
    routes = Routes()
    for route in ("/", "/hello", "/hello/*", "/hello/world", "/hello/w*", "/äpfel"):
        routes[route] = named(route)
    return routes


@pytest.mark.parametrize(
    ("path", "route"),
    [
        ("/", "/"),
        ("/hello", "/hello"),
        ("/hello/", "/hello/*"),
        ("/hello/you", "/hello/*"),
        ("/hello/world", "/hello/world"),
        ("/hello/worlds", "/hello/w*"),
        ("/äpfel", "/äpfel"),
    ],
)
def test_exact_route_wins_then_the_longest_prefix(routes, path, route):
    """The order of registration does not matter."""
    assert routes.match(path)(None, None) == route


@pytest.mark.parametrize("path", ["/nowhere", "/hello2", "/hell", "/Hello", "", "*"])
def test_other_paths_have_no_handler(routes, path):
    """None of the routes is that path or its beginning."""
    assert routes.match(path) is None


def test_star_alone_takes_every_path(routes):
    """A prefix may be empty."""
    routes["*"] = named("any")
    assert routes.match("/nowhere")(None, None) == "any"
    assert routes.match("/hello")(None, None) == "/hello"


def test_star_elsewhere_is_an_ordinary_character(routes):
    """Only the last character of a route makes it a prefix."""
    routes["/a*b"] = named("a*b")
    assert routes.match("/axb") is None
    assert routes.match("/a*b")(None, None) == "a*b"


def test_routes_are_a_dict_whose_changes_take_effect_at_once(routes):
    """Whatever is done to a dict may be done to the routes of an app."""
    assert isinstance(routes, dict)
    routes.update({"/new*": named("new")})
    assert routes.match("/newer")(None, None) == "new"
    del routes["/new*"]
    assert routes.match("/newer") is None
    routes["/hello"] = named("replaced")
    assert routes.match("/hello")(None, None) == "replaced"


@pytest.mark.parametrize(
    ("route", "handler", "error", "problem"),
    [
        ("hello", named("x"), ValueError, "'hello' can never match.*'/hello'"),
        ("", named("x"), ValueError, "'' can never match"),
        (None, named("x"), TypeError, "a route is a str such as '/chat', not None"),
        ("/x", "page", TypeError, "handler of route '/x' must be callable.*'page'"),
    ],
)
def test_route_that_cannot_work_is_refused(route, handler, error, problem):
    """The message says what to write instead."""
    with pytest.raises(error, match=problem):
        Routes()[route] = handler


@pytest.mark.parametrize(
    ("path_info", "path"),
    [
        ("/plain", "/plain"),
        ("/\xc3\xa4pfel", "/äpfel"),
        ("/\xf0\x9f\x8e\x89", "/🎉"),
        ("/\xff", "/�"),
        ("/äpfel €", "/äpfel €"),
        ("", "/"),
    ],
)
def test_request_path_is_decoded_as_utf_8(path_info, path):
    """PEP 3333 has it as latin-1; servers that decode it themselves work as well."""
    assert request_path({"PATH_INFO": path_info}) == path


def test_request_without_a_path_is_for_the_root():
    """PATH_INFO may be missing."""
    assert request_path({}) == "/"
