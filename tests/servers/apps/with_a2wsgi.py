"""As people do without `wsocket.asgi`: the application in an adapter of others."""

import warnings

from a2wsgi import WSGIMiddleware
from asgiref.wsgi import WsgiToAsgi

from tests.servers.apps.own import app

with warnings.catch_warnings():
    warnings.simplefilter("ignore", DeprecationWarning)  # in favour of a2wsgi
    from starlette.middleware.wsgi import WSGIMiddleware as StarletteMiddleware

asgi_app = WSGIMiddleware(app)
asgiref_app = WsgiToAsgi(app)
with warnings.catch_warnings():
    warnings.simplefilter("ignore", DeprecationWarning)
    starlette_app = StarletteMiddleware(app)
