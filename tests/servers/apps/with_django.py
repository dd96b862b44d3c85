"""A Django project in one file; run as a module it is Django's ``manage.py``."""

import signal
import sys

from django.conf import settings
from django.core.management import execute_from_command_line
from django.core.wsgi import get_wsgi_application
from django.http import HttpResponse
from django.urls import path

from tests.servers.apps.site import Site

signal.signal(signal.SIGTERM, lambda *unused: sys.exit())  # as the docs say

settings.configure(
    ALLOWED_HOSTS=["127.0.0.1"],
    ROOT_URLCONF=__name__,
    WSGI_APPLICATION=f"{__name__}.application",
)
site = Site()
urlpatterns = [
    path(address[1:], lambda request, view=view: HttpResponse(view()))
    for address, view in site.views.items()
]
application = site.wrap(get_wsgi_application())

if __name__ == "__main__":
    execute_from_command_line(sys.argv)
