"""As people do without `wsocket.asgi`: the application in a2wsgi."""

from a2wsgi import WSGIMiddleware

from tests.servers.apps.own import app

asgi_app = WSGIMiddleware(app)
