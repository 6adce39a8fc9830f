"""Settings of the worker processes of these tests: those of the suite, and the workflow that tests hold and kill."""

from cloudstack.settings.test import *  # noqa: F403
from cloudstack.settings.test import INSTALLED_APPS

INSTALLED_APPS = [*INSTALLED_APPS, "tests.workflows.jobs.worker_app.WorkerAppConfig"]
