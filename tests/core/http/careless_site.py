"""The careless applications in one: by themselves, behind our routes, in frameworks.

For a process of its own: it logs everything, and sets Django up.
"""

from __future__ import annotations

import contextlib
import logging
import os
import socket
from typing import Any

import flask
from django.conf import settings
from django.core.wsgi import get_wsgi_application
from django.http import HttpResponse
from django.urls import path

from tests.core.http.careless_app import ENDINGS, Start, paths, raising, raising_late
from wsocket import WSocketApp, logger

logger.setLevel(logging.DEBUG)

site = flask.Flask(__name__)


@site.post("/flask/data")
def flask_data() -> str:
    return str(len(flask.request.get_data()))


@site.post("/flask/form")
def flask_form() -> str:
    return str(len(flask.request.files))


@site.get("/flask/events")
def flask_events() -> flask.Response:
    headers = {"Connection": "keep-alive", "Transfer-Encoding": "chunked"}
    return flask.Response(iter(["data: 1\n\n"]), headers=headers)


def django_data(request: Any) -> HttpResponse:
    return HttpResponse(str(len(request.body)))


def django_form(request: Any) -> HttpResponse:
    return HttpResponse(str(len(request.FILES)))


settings.configure(DEBUG=True, ALLOWED_HOSTS=["*"], ROOT_URLCONF=__name__)
urlpatterns = [path("django/data", django_data), path("django/form", django_form)]
django_site = get_wsgi_application()

# The same behind our routes.

routed = WSocketApp(site)
for name, kind in ENDINGS.items():
    routed.route(f"/routed/raise/{name}")(raising(kind))
    routed.route(f"/routed/middle/{name}")(raising_late(kind))


@routed.route("/routed/read")
def routed_read(environ: dict[str, Any], start_response: Start) -> str:
    return str(len(environ["wsgi.input"].read()))


@routed.route("/routed/hop")
def routed_hop(environ: dict[str, Any], start_response: Start) -> str:
    start_response(200, {"Connection": "keep-alive"})
    return "never"


@routed.route("/routed/alive")
def routed_alive(environ: dict[str, Any], start_response: Start) -> str:
    websocket = environ.get("wsgi.websocket")
    for message in websocket or ():
        websocket.send(message)
    return "alive"


@routed.route("/routed/connections")
def routed_connections(environ: dict[str, Any], start_response: Start) -> str:
    """How many connections this process has over TCP, with that of this request."""
    return str(sum(map(is_connection, os.listdir("/proc/self/fd"))))


def is_connection(descriptor: str) -> bool:
    with contextlib.suppress(OSError):  # it is no socket, or closed
        sock = socket.socket(fileno=int(descriptor))
        try:
            listens = sock.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN)
            return sock.family == socket.AF_INET and not listens
        finally:
            sock.detach()
    return False


around_careless = WSocketApp(lambda environ, start: paths["/hop"](environ, start))


def app(environ: dict[str, Any], start_response: Start) -> Any:
    """Find the application for a path."""
    target = environ["PATH_INFO"]
    if target.startswith(("/routed", "/wrapped/flask")):
        environ["PATH_INFO"] = target.removeprefix("/wrapped")
        return routed(environ, start_response)
    if target == "/wrapped/hop":
        return around_careless(environ, start_response)
    if target.startswith("/flask"):
        return site(environ, start_response)
    if target.startswith("/django"):
        return django_site(environ, start_response)
    return paths[target](environ, start_response)
