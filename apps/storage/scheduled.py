"""Periodic work of storage."""

import logging
from datetime import timedelta

from django.db.models import Exists, OuterRef, Q
from django.utils import timezone

from apps.infrastructure.models import Host
from apps.infrastructure.states import HostStatus
from apps.storage.config import CLEANUP_INTERVAL, VOLUME_EXPUNGE_DELAY
from apps.storage.events import VOLUME_DELETE
from apps.storage.models import DownloadTicket, ImageStore, PoolHost, StoragePool, Template, TemplatePoolRef, Volume
from apps.storage.selectors import hosts_of_pool
from apps.storage.services import allocation, staging
from apps.storage.services.templates import TemplateManager
from apps.storage.services.uploads import abandon_expired
from apps.storage.specs import image_store_ref
from apps.storage.states import TEMPLATE_TRANSITIONAL, PoolState, TemplateType, VolumeState
from apps.storage.workflows.add_pool import note_facts
from apps.storage.workflows.image_store import refresh_store
from apps.storage.workflows.steps import driver_for
from cloudstack.contracts.errors import DriverError
from cloudstack.framework.drivers import image_store_driver
from cloudstack.framework.errors import CloudError
from cloudstack.framework.jobs import AsyncJob, dispatch
from cloudstack.framework.scheduler import scheduled

log = logging.getLogger(__name__)

STALE_FILE_S = 2 * 86400


@scheduled("storage.pool_facts", every_s=60)
def refresh_pool_facts() -> None:
    """Asks each pool, through one of its hosts, how full it is."""
    for pool in StoragePool.objects.filter(state__in=(PoolState.UP, PoolState.DISABLED)).select_related("zone"):
        host = hosts_of_pool(pool).first()
        if host is None:
            continue
        try:
            note_facts(pool, driver_for(pool, host).facts())
        except (DriverError, CloudError) as error:
            log.warning("pool %s did not tell how full it is: %s", pool.name, error)


@scheduled("storage.image_store_facts", every_s=300)
def refresh_image_stores() -> None:
    """Asks each image store how full it is."""
    for store in ImageStore.objects.select_related("zone"):
        try:
            refresh_store(store)
        except (DriverError, CloudError) as error:
            log.warning("image store %s did not tell how full it is: %s", store.name, error)


@scheduled("storage.connect_pools", every_s=30)
def connect_pools() -> None:
    """Connects pools on hosts that came, or came back, after the pool did."""
    here = StoragePool.objects.filter(
        Q(host__isnull=True) | Q(host=OuterRef("pk")),
        Q(cluster__isnull=True) | Q(cluster=OuterRef("cluster_id")),
        zone=OuterRef("zone_id"),
        hypervisor=OuterRef("hypervisor"),
        state=PoolState.UP,
    )
    connected = PoolHost.objects.filter(host=OuterRef(OuterRef("pk")), pool=OuterRef("pk"))
    for host in Host.objects.filter(Exists(here.filter(~Exists(connected))), status=HostStatus.UP):
        _once("storage.host.connect_pools", host, host_uuid=str(host.uuid))


@scheduled("storage.expunge_volumes", every_s=300)
def expunge_volumes() -> None:
    """Expunges volumes that were destroyed long enough ago."""
    due = timezone.now() - timedelta(seconds=VOLUME_EXPUNGE_DELAY.value())
    for volume in Volume.objects.filter(state=VolumeState.DESTROY, destroyed_at__lt=due).order_by("id")[:500]:
        _once("storage.volume.expunge", volume, VOLUME_DELETE, volume_uuid=str(volume.uuid))


@scheduled("storage.cleanup", every_s=3600)
def clean_up() -> None:
    """Removes cached copies of deleted templates, abandoned uploads and leftover files; recounts pools."""
    idle = timezone.now() - timedelta(seconds=CLEANUP_INTERVAL.value())
    in_use = Volume.objects.filter(template=OuterRef("template_id"), pool=OuterRef("pool_id"))
    copies = TemplatePoolRef.objects.filter(
        ~Exists(in_use), template__removed__isnull=False, last_used__lt=idle, pool__removed__isnull=True
    )
    gone = Template.all_objects.filter(pk__in=copies.values("template"))
    for template in gone:
        _once("storage.template.evict", template, template_uuid=str(template.uuid))
    abandon_expired()
    _close_downloads()
    _drop_brought_files()
    _clear_staging()
    allocation.recount()


def _drop_brought_files() -> None:
    """Deletes the files of volumes that are on a pool by now, or gone."""
    busy = AsyncJob.objects.filter(resource_type="Volume", status__in=AsyncJob.LIVE).values("resource_uuid")
    waiting = Volume.objects.filter(source_image=OuterRef("pk")).filter(Q(path="") | Q(uuid__in=busy))
    files = Template.objects.filter(~Exists(waiting), type=TemplateType.VOLUME)
    for image in files.exclude(state__in=TEMPLATE_TRANSITIONAL).order_by("pk")[:200]:
        TemplateManager().delete(caller=None, template=image)


def _close_downloads() -> None:
    """Forgets addresses that have expired, and deletes what was copied for them; a store that is away waits."""
    expired = DownloadTicket.objects.filter(expires__lt=timezone.now()).select_related("store__zone", "image")
    live = AsyncJob.objects.filter(name="storage.volume.extract", status__in=AsyncJob.LIVE)
    busy = {arguments["ticket_uuid"] for arguments in live.values_list("arguments", flat=True)}
    for ticket in expired:
        if str(ticket.uuid) in busy:
            continue
        try:
            if ticket.image is None:
                image_store_driver(image_store_ref(ticket.store)).delete(ticket.key)
        except (DriverError, CloudError) as error:
            log.warning("a copy for a download in %s is not deleted yet: %s", ticket.store.name, error)
            continue
        ticket.delete()


def _clear_staging() -> None:
    """Files that no live job can be waiting for."""
    live = {
        str(uuid)
        for uuid in AsyncJob.objects.filter(status__in=AsyncJob.LIVE, name="storage.template.register").values_list(
            "resource_uuid", flat=True
        )
    }
    oldest = timezone.now().timestamp() - STALE_FILE_S
    for path in staging.staging_dir().iterdir():
        if path.name.partition(".")[0] not in live and path.is_file() and path.stat().st_mtime < oldest:
            path.unlink(missing_ok=True)


def _once(name: str, resource: Volume | Host | Template, event_type: str = "", **arguments: str) -> None:
    """Submit the job unless one like it is under way."""
    busy = AsyncJob.objects.filter(name=name, resource_uuid=resource.uuid, status__in=AsyncJob.LIVE)
    if not busy.exists():
        kind = type(resource).__name__.lower()
        locks = [f"{kind}:{resource.uuid}"]
        dispatch(name, exclusive=locks, resource=resource, arguments=arguments, event_type=event_type)
