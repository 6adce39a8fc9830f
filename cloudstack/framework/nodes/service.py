"""What operators do with the machines that run the platform."""

from dataclasses import dataclass

from django.db import transaction
from django.db.models import Func, OuterRef, QuerySet, Subquery, Value
from django.db.models.functions import Concat
from django.utils import timezone

from cloudstack.framework.context import Caller
from cloudstack.framework.errors import InvalidParameter, NotAccepting
from cloudstack.framework.events.bus import publish
from cloudstack.framework.events.types import event_type
from cloudstack.framework.jobs.models import AsyncJob
from cloudstack.framework.nodes.drain import draining
from cloudstack.framework.nodes.models import ManagementServer, Wish

MS_MAINTENANCE_PREPARE = event_type("MS.MAINTENANCE.PREPARE", "a management server is to take no more work")
MS_MAINTENANCE_CANCEL = event_type("MS.MAINTENANCE.CANCEL", "a management server takes work again")
MS_SHUTDOWN_PREPARE = event_type("MS.SHUTDOWN.PREPARE", "a management server is to be shut down")
MS_SHUTDOWN_CANCEL = event_type("MS.SHUTDOWN.CANCEL", "a management server is not to be shut down any more")
MS_SHUTDOWN = event_type("MS.SHUTDOWN", "a management server was shut down")
MS_REMOVE = event_type("MS.REMOVE", "a management server was forgotten")

_BUSY = {Wish.MAINTENANCE: "PreparingForMaintenance", Wish.SHUTDOWN: "PreparingForShutDown"}
_READY = {Wish.MAINTENANCE: "Maintenance", Wish.SHUTDOWN: "ReadyToShutDown"}


@dataclass(frozen=True)
class Condition:
    """How a management server is: its state in CloudStack's words, and the jobs that its workers carry."""

    server: ManagementServer
    state: str
    jobs: int


def condition_of(server: ManagementServer) -> Condition:
    jobs = running_jobs(server.name)
    return Condition(server, state_of(server, jobs), jobs)


def state_of(server: ManagementServer, jobs: int) -> str:
    """``jobs``: how many its workers carry."""
    if not server.is_alive():
        return "Down"
    if server.shutdown_triggered is not None:
        return "ShuttingDown"
    wish = Wish(server.wish)
    if wish == Wish.RUN:
        return "Up"
    return _BUSY[wish] if jobs else _READY[wish]


def running_jobs(name: str) -> int:
    """Jobs in the hands of workers of the machine ``name``."""
    return _carried().filter(owner__startswith=f"{name}/").count()


def with_running_jobs(servers: QuerySet[ManagementServer]) -> QuerySet[ManagementServer]:
    """Each with ``jobs``, the number of jobs in the hands of its workers."""
    mine = _carried().filter(owner__startswith=Concat(OuterRef("name"), Value("/")))
    counted = mine.annotate(number=Func("pk", function="COUNT")).values("number")
    return servers.annotate(jobs=Subquery(counted))


def _carried() -> QuerySet[AsyncJob]:
    return AsyncJob.objects.filter(completed__isnull=True, status=AsyncJob.Status.RUNNING).order_by()


def ensure_accepting(name: str) -> None:
    """Raises ``NotAccepting`` when this machine is to take no more work. ``name`` is what was asked for."""
    if draining():
        raise NotAccepting(
            f"{name} is not taken: this management server is being prepared for maintenance or shutdown; ask another "
            "one, or try again when it is back",
            remedy="cancelMaintenance and cancelShutdown have it take work again",
        )


class ManagementServerManager:
    """Has management servers stop taking work, take it again, end, and be forgotten."""

    def prepare_for_maintenance(self, *, caller: Caller, server: ManagementServer) -> Condition:
        """No job is begun or accepted there until it is cancelled; what runs goes on to its end."""
        return self._wish(caller, server, Wish.MAINTENANCE, among={Wish.RUN}, event=MS_MAINTENANCE_PREPARE)

    def cancel_maintenance(self, *, caller: Caller, server: ManagementServer) -> Condition:
        return self._wish(caller, server, Wish.RUN, among={Wish.MAINTENANCE}, event=MS_MAINTENANCE_CANCEL)

    def prepare_for_shutdown(self, *, caller: Caller, server: ManagementServer) -> Condition:
        """As for maintenance, with an end in view."""
        among = {Wish.RUN, Wish.MAINTENANCE}
        return self._wish(caller, server, Wish.SHUTDOWN, among=among, event=MS_SHUTDOWN_PREPARE)

    def cancel_shutdown(self, *, caller: Caller, server: ManagementServer) -> Condition:
        return self._wish(caller, server, Wish.RUN, among={Wish.SHUTDOWN}, event=MS_SHUTDOWN_CANCEL)

    @transaction.atomic
    def trigger_shutdown(self, *, caller: Caller, server: ManagementServer) -> Condition:
        """Have its programs end, in order, within a heartbeat. Raises ``InvalidParameter`` while it carries jobs."""
        server = _held(server)
        found = condition_of(server)
        if found.state not in {"Maintenance", "ReadyToShutDown"}:
            raise InvalidParameter(
                f"management server {server} is {found.state} and carries {found.jobs} jobs; it can be shut down when "
                "it is ReadyToShutDown or in Maintenance (prepareForShutdown)",
                parameter="managementserverid",
            )
        server.wish, server.shutdown_triggered = Wish.SHUTDOWN, timezone.now()
        server.save(update_fields=["wish", "shutdown_triggered"])
        publish(MS_SHUTDOWN, caller=caller, description=f"Shut management server {server} down", resource=server)
        return condition_of(server)

    @transaction.atomic
    def remove(self, *, caller: Caller, server: ManagementServer) -> None:
        """Forget one that is Down. Raises ``InvalidParameter`` for one that is not."""
        server = _held(server)
        if server.is_alive():
            raise InvalidParameter(f"management server {server} is not Down; shut it down first", parameter="id")
        publish(MS_REMOVE, caller=caller, description=f"Forget management server {server}", resource=server)
        server.delete()

    @transaction.atomic
    def _wish(self, caller: Caller, server: ManagementServer, wish: Wish, *, among: set[Wish], event: str) -> Condition:
        server = _held(server)
        found = condition_of(server)
        fitting = server.wish in among and server.shutdown_triggered is None
        if not fitting or (found.state == "Down" and wish != Wish.RUN):
            raise InvalidParameter(
                f"management server {server} is {found.state}; that is not possible now", parameter="managementserverid"
            )
        server.wish = wish
        server.save(update_fields=["wish"])
        found = condition_of(server)
        publish(event, caller=caller, description=f"Management server {server} is {found.state}", resource=server)
        return found


def _held(server: ManagementServer) -> ManagementServer:
    found = ManagementServer.objects.select_for_update().filter(pk=server.pk).first()
    if found is None:
        raise InvalidParameter(f"management server {server} is gone", parameter="id")
    return found
