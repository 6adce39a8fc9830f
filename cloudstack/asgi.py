"""The ASGI entry point that the web server loads."""

import os

import django
from django.core.handlers.asgi import ASGIHandler

from cloudstack.framework.utf8 import Utf8ASGIRequest

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "cloudstack.settings.production")


class Handler(ASGIHandler):
    request_class = Utf8ASGIRequest


django.setup(set_prefix=False)
application = Handler()
