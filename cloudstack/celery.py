"""The Celery application: it carries wake-ups, the job rows carry the truth."""

import os
import signal
from typing import Any

from celery import Celery
from celery.signals import worker_process_init

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "cloudstack.settings.production")

app = Celery("cloudstack")
app.config_from_object("django.conf:settings", namespace="CELERY")
# Nothing but JSON, whatever the settings say: a message is a few ids and never code.
app.conf.update(task_serializer="json", result_serializer="json", event_serializer="json", accept_content=["json"])
app.autodiscover_tasks(["cloudstack.framework.jobs", "cloudstack.framework.scheduler"])


@worker_process_init.connect
def _begin_pool_process(**_: Any) -> None:
    # A pool process that outlived its killed parent would go on with a job that another worker has claimed.
    from cloudstack.runtime.collector import settle
    from cloudstack.runtime.tether import die_with_parent

    die_with_parent(signal.SIGKILL)
    settle()
