"""Periodic work of compute."""

import logging
from collections.abc import Mapping
from datetime import timedelta

from django.db.models import Exists, OuterRef
from django.utils import timezone

from apps.compute.config import (
    DRS_AUTOMATIC,
    DRS_INTERVAL,
    EXPUNGE_DELAY,
    EXPUNGE_INTERVAL_S,
    LEASES_INTERVAL_S,
    POWER_SWEEP_INTERVAL_S,
    SCHEDULES_INTERVAL_S,
    STATISTICS_INTERVAL_S,
    UNMANAGED_INTERVAL_S,
)
from apps.compute.console_config import CLEANUP_INTERVAL_S
from apps.compute.events import VM_EXPUNGE
from apps.compute.models import ClusterDrsPlan, VirtualMachine
from apps.compute.services import console as sessions
from apps.compute.services import leases, placements, sampling, schedules, statistics, unmanaged_scan
from apps.compute.services.drs import even_out_by_itself
from apps.compute.services.power_sync import PowerSyncManager
from apps.compute.states import DRS_PLAN_TRANSITIONAL, DrsPlanType, VmState
from apps.infrastructure.models import Cluster, Host
from apps.infrastructure.services.rounds import Question, ask
from apps.infrastructure.states import HostStatus
from cloudstack.contracts.hypervisor import PowerState
from cloudstack.framework.jobs import AsyncJob, dispatch
from cloudstack.framework.scheduler import scheduled

log = logging.getLogger(__name__)

POWER: Question[Mapping[str, PowerState]] = Question(
    lambda driver: driver.power_states(), lambda driver, hosts: driver.power_states_of_hosts(hosts)
)
EXPUNGE_BATCH = 200
PLANS_KEPT = timedelta(days=30)
EXPUNGE_AGAIN = timedelta(hours=1)


@scheduled("compute.power_sweep", every_s=POWER_SWEEP_INTERVAL_S)
def power_sweep() -> None:
    """Ask every host that is up which machines run, and settle what differs from the record."""
    hosts = Host.objects.filter(status=HostStatus.UP).select_related("zone", "pod", "cluster").order_by("pk")
    for answers in ask(hosts, POWER):
        PowerSyncManager().report_hosts(answers.told)
        for host, error in answers.failed:
            log.warning("host %s did not say which machines run: %s", host, error)


@scheduled("compute.unmanaged", every_s=UNMANAGED_INTERVAL_S)
def look_for_unmanaged() -> int:
    """Ask every host that is up for machines that are not managed; answers how many there are."""
    return unmanaged_scan.look_everywhere()


@scheduled("compute.expunge_destroyed", every_s=EXPUNGE_INTERVAL_S)
def expunge_destroyed() -> None:
    """Remove machines for good whose time after destruction is up."""
    before = timezone.now() - timedelta(seconds=EXPUNGE_DELAY.value())
    jobs = AsyncJob.objects.filter(resource_uuid=OuterRef("uuid"))
    live = jobs.filter(status__in=AsyncJob.LIVE)
    # One that cannot be expunged now is left alone for a while, and does not hide the others.
    tried = jobs.filter(name="compute.vm.expunge", created__gt=timezone.now() - EXPUNGE_AGAIN)
    due = (
        VirtualMachine.objects.select_related("account")
        .filter(~Exists(live), ~Exists(tried), state=VmState.DESTROYED, destroyed_at__lt=before)
        .order_by("destroyed_at", "id")
    )
    for vm in due[:EXPUNGE_BATCH]:
        dispatch(
            "compute.vm.expunge",
            exclusive=[f"vm:{vm.uuid}"],
            resource=vm,
            arguments={"vm_uuid": str(vm.uuid)},
            description=f"Expunge {vm}, destroyed long enough ago",
            event_type=VM_EXPUNGE,
        )


@scheduled("compute.statistics", every_s=STATISTICS_INTERVAL_S)
def collect_statistics() -> None:
    """Ask every host that is up what its machines use."""
    statistics.collect()


@scheduled("compute.sample_states", every_s=60)
def sample_states() -> None:
    """Counts machines by state, when the time of statistics.sampling.interval has come."""
    sampling.sample_states()


@scheduled("compute.even_out", every_s=60)
def even_out() -> None:
    """Evens out the clusters for which that is switched on, when their time has come; forgets old plans."""
    now = timezone.now()
    for cluster in Cluster.objects.filter(pod__removed__isnull=True).order_by("pk"):
        if not DRS_AUTOMATIC.value(cluster.uuid):
            continue
        since = now - timedelta(minutes=int(DRS_INTERVAL.value(cluster.uuid)))
        plans = ClusterDrsPlan.objects.filter(cluster=cluster, type=DrsPlanType.AUTOMATED)
        if not plans.filter(created__gt=since).exists():
            even_out_by_itself(cluster=cluster)
    ClusterDrsPlan.objects.filter(created__lt=now - PLANS_KEPT).exclude(state__in=DRS_PLAN_TRANSITIONAL).delete()


@scheduled("compute.vm_schedules", every_s=SCHEDULES_INTERVAL_S)
def run_schedules() -> None:
    """Do with machines what their schedules say."""
    schedules.run_due()


@scheduled("compute.end_leases", every_s=LEASES_INTERVAL_S)
def end_leases() -> None:
    """Stop or destroy machines whose lease is over."""
    leases.end_leases()


@scheduled("compute.lease_warnings", every_s=24 * 3600)
def warn_of_ending_leases() -> None:
    """Tell of leases that will be over soon."""
    leases.warn_of_ends()


@scheduled("compute.forget_placements", every_s=3600)
def forget_placements() -> int:
    """Forget why machines were placed long ago, or many placements ago; answers how many records went."""
    return placements.forget_old()


@scheduled("compute.console_sessions", every_s=CLEANUP_INTERVAL_S)
def clean_up_consoles() -> None:
    """End console sessions that nobody opened or whose server is gone, and forget old ones."""
    sessions.clean_up()
