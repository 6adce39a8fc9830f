"""Figures of the machines that run the platform."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from django.utils import timezone

from cloudstack.framework.metrics import Collector, Family, Sample, register
from cloudstack.framework.nodes.models import SILENT_S, ManagementServer

_SERVER = ("server",)
UP = Family("cloudstack_management_server_up", "Whether a program of the machine was heard of lately.", _SERVER)
WEB = Family("cloudstack_management_server_web_up", "Whether its web server was heard of lately.", _SERVER)
WORKER = Family("cloudstack_management_server_worker_up", "Whether its workers were heard of lately.", _SERVER)
TAKES_WORK = Family("cloudstack_management_server_takes_work", "Whether an operator lets it take work.", _SERVER)


def _read() -> Iterator[Sample]:
    now = timezone.now()

    def lately(seen: datetime | None) -> int:
        return int(seen is not None and seen > now - timedelta(seconds=SILENT_S))

    for server in ManagementServer.objects.order_by("name"):
        one = (server.name,)
        yield UP, one, lately(server.seen)
        yield WEB, one, lately(server.web_seen)
        yield WORKER, one, lately(server.worker_seen)
        yield TAKES_WORK, one, int(server.wish == "run")


register(Collector("management servers", (UP, WEB, WORKER, TAKES_WORK), _read, every_s=15))
