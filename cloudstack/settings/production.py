"""What ``bin/run`` and real installations use. Keys come from the environment or from the data folder."""

import os

from cloudstack.runtime.secrets import load_or_create
from cloudstack.settings.base import *  # noqa: F403
from cloudstack.settings.base import DATA_DIR

DEBUG = False
_secrets = load_or_create(DATA_DIR)
SECRET_KEY = os.environ.get("CLOUDSTACK_SECRET_KEY") or _secrets.secret_key
FIELD_ENCRYPTION_KEYS = (os.environ.get("CLOUDSTACK_ENCRYPTION_KEY") or _secrets.encryption_key).split(",")

ALLOWED_HOSTS = os.environ.get("ALLOWED_HOSTS", "127.0.0.1,localhost,[::1]").split(",")
CSRF_TRUSTED_ORIGINS = list(filter(None, os.environ.get("CSRF_TRUSTED_ORIGINS", "").split(",")))

# Behind TLS (HTTPS=1) cookies and redirects are strict; without it the portal listens on loopback only.
HTTPS = os.environ.get("HTTPS", "0") == "1"
SECURE_SSL_REDIRECT = HTTPS
# bin/run and load balancers ask over plain HTTP whether the portal is alive.
SECURE_REDIRECT_EXEMPT = [r"^healthz$"]
SESSION_COOKIE_SECURE = HTTPS
CSRF_COOKIE_SECURE = HTTPS
SECURE_HSTS_SECONDS = 31_536_000 if HTTPS else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = HTTPS
SECURE_HSTS_PRELOAD = HTTPS
# Also whose X-Forwarded-For says where a request comes from: see cloudstack.api.addresses.
TRUSTED_PROXY = os.environ.get("TRUSTED_PROXY") == "1"
if TRUSTED_PROXY:
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")

STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
}
