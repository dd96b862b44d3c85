"""Flask: wrapped for ``flask run``, and the wrapped app itself on Werkzeug."""

import signal
import sys

from flask import Flask
from werkzeug.serving import run_simple

from tests.servers.apps.site import Site

signal.signal(signal.SIGTERM, lambda *unused: sys.exit())  # as the docs say

flask_app = Flask(__name__)
site = Site()
for path, view in site.views.items():
    flask_app.add_url_rule(path, endpoint=path, view_func=view)
app = site.wrap(flask_app.wsgi_app)
flask_app.wsgi_app = app

if __name__ == "__main__":
    run_simple("127.0.0.1", 0, app, threaded=True)
