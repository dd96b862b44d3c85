"""A Django site with users, and a router that knows who is logged in there.

Run with the path of the database in the environment variable DATABASE.
"""

import os

import django
from django.conf import settings

settings.configure(
    SECRET_KEY="for this test",
    ALLOWED_HOSTS=["127.0.0.1"],
    ROOT_URLCONF=__name__,
    DATABASES={
        "default": {
            "ENGINE": "django.db.backends.sqlite3",
            "NAME": os.environ["DATABASE"],
        }
    },
    INSTALLED_APPS=[
        "django.contrib.auth",
        "django.contrib.contenttypes",
        "django.contrib.sessions",
    ],
    MIDDLEWARE=[
        "django.contrib.sessions.middleware.SessionMiddleware",
        "django.contrib.auth.middleware.AuthenticationMiddleware",
    ],
)
django.setup()

from django.contrib.auth import get_user, login, logout  # noqa: E402 - after setup()
from django.contrib.auth.models import User  # noqa: E402
from django.contrib.sessions.middleware import SessionMiddleware  # noqa: E402
from django.core.handlers.wsgi import WSGIRequest  # noqa: E402
from django.core.management import call_command  # noqa: E402
from django.core.wsgi import get_wsgi_application  # noqa: E402
from django.db import close_old_connections  # noqa: E402
from django.http import HttpResponse  # noqa: E402
from django.urls import path  # noqa: E402

from wsocket import Realm, WSocketApp  # noqa: E402
from wsocket.wamp.auth import WebLogin  # noqa: E402


def log_in(request, name):
    login(request, User.objects.get(username=name))
    return HttpResponse("in")


def log_out(request):
    logout(request)
    return HttpResponse("out")


def logged_in(environ):
    request = WSGIRequest(environ)
    SessionMiddleware(lambda request: None).process_request(request)
    user = get_user(request)
    close_old_connections()
    return (user.get_username(), "user") if user.is_authenticated else None


urlpatterns = [path("login/<name>", log_in), path("logout", log_out)]
call_command("migrate", verbosity=0)
for name in ("joe", "ann"):
    User.objects.create_user(name)
app = WSocketApp(
    get_wsgi_application(),
    protocol="WAMP",
    realm=Realm("realm1", auth=[WebLogin(logged_in)]),
)
