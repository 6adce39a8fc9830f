"""The test suite: fast hashing, no broker needed unless a test starts one."""

import os

from cloudstack.runtime.test_environment import isolate

TEST_RUN_DIR = isolate()

from cloudstack.settings.base import *  # noqa: E402, F403

DEBUG = False
SECRET_KEY = "test-key-0123456789-0123456789-0123456789-0123456789-abcdef"  # noqa: S105
FIELD_ENCRYPTION_KEYS = ["test-encryption-key"]
ALLOWED_HOSTS = ["*"]
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}
CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}
# Wake-ups go nowhere in unit tests: cloudstack.testing.jobs runs the queue by hand.
JOB_BELL_ENABLED = os.environ.get("CLOUDSTACK_TEST_BELL") == "1"
LOGGING = {"version": 1, "disable_existing_loggers": False}
