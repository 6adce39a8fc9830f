"""The WSGI entry point that the web server loads."""

import os

import django
from django.core.handlers.wsgi import WSGIHandler

from cloudstack.framework.utf8 import Utf8WSGIRequest

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "cloudstack.settings.production")


class Handler(WSGIHandler):
    request_class = Utf8WSGIRequest


django.setup(set_prefix=False)
application = Handler()
