"""The WSGI application: routes, responses, upgrades to websockets."""
