"""The Celery application: it carries wake-ups, the job rows carry the truth."""

import os
import signal
from typing import TYPE_CHECKING, Any

from celery import Celery
from celery.signals import worker_process_init, worker_process_shutdown, worker_ready, worker_shutting_down

from cloudstack import API_VERSION

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "cloudstack.settings.production")

if TYPE_CHECKING:
    from cloudstack.framework.nodes.heartbeat import Heartbeat

_heartbeat: "Heartbeat | None" = None
app = Celery("cloudstack")
app.config_from_object("django.conf:settings", namespace="CELERY")
# Nothing but JSON, whatever the settings say: a message is a few ids and never code.
app.conf.update(task_serializer="json", result_serializer="json", event_serializer="json", accept_content=["json"])
app.autodiscover_tasks(["cloudstack.framework.jobs", "cloudstack.framework.scheduler"])


@worker_process_init.connect
def _begin_pool_process(**_: Any) -> None:
    # A pool process that outlived its killed parent would go on with a job that another worker has claimed.
    from cloudstack.framework.plugins.services import start_managers
    from cloudstack.runtime.collector import settle
    from cloudstack.runtime.tether import die_with_parent

    die_with_parent(signal.SIGKILL)
    settle()
    start_managers("worker")


@worker_process_shutdown.connect
def _end_pool_process(**_: Any) -> None:
    from cloudstack.framework.plugins.services import stop_managers

    stop_managers()


@worker_ready.connect
def _begin_worker(sender: Any, **_: Any) -> None:
    """The worker's main process says that it is there, and lets go of its queues while its machine takes no work."""
    from cloudstack.framework.nodes.heartbeat import Heartbeat
    from cloudstack.runtime.config import ends_with

    queues = [queue.name for queue in sender.task_consumer.queues]

    def change(draining: bool) -> None:
        turn = app.control.cancel_consumer if draining else app.control.add_consumer
        for queue in queues:
            turn(queue, destination=[sender.hostname])

    global _heartbeat
    _heartbeat = Heartbeat("worker", pid=ends_with(os.getpid()), version=API_VERSION, on_change=change)
    _heartbeat.start()


@worker_shutting_down.connect
def _end_worker(**_: Any) -> None:
    if _heartbeat is not None:
        _heartbeat.stop()
