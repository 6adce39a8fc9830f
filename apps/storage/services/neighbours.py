"""What storage tells the apps below: what keeps a place from deletion, which host sees what, who holds how much."""

from collections.abc import Collection, Iterable, Mapping

from django.db.models import Count, F, Model, QuerySet, Sum

from apps.accounts.models import Account, ResourceType
from apps.accounts.services.counting import register_counter, register_tagged_counter
from apps.accounts.services.limit_rules import carrying
from apps.infrastructure.models import Cluster, Host, Pod, Zone
from apps.infrastructure.selectors.capacities import register_capacity_source
from apps.infrastructure.services.guards import register_guard
from apps.infrastructure.services.placement import register_candidate_source
from apps.storage.models import GuestOs, GuestOsCategory, ImageStore, StoragePool, Template, Volume
from apps.storage.selectors.capacities import storage_capacities
from apps.storage.services.allocation import pools_of_hosts
from apps.storage.states import TemplateType, VolumeState
from cloudstack.framework.jobs import AsyncJob

_HOLDERS: dict[type[Model], tuple[tuple[str, type[Model], str], ...]] = {
    Zone: (("storage pools", StoragePool, "zone"), ("image stores", ImageStore, "zone"), ("volumes", Volume, "zone")),
    Pod: (("storage pools", StoragePool, "pod"),),
    Cluster: (("storage pools", StoragePool, "cluster"),),
    Host: (("local storage pools", StoragePool, "host"),),
    GuestOs: (("templates and ISOs", Template, "guest_os"),),
    GuestOsCategory: (("guest systems", GuestOs, "category"),),
}
UNCOUNTED = (VolumeState.DESTROY, VolumeState.EXPUNGING, VolumeState.EXPUNGED)
"""A destroyed volume counts against no limit."""


def register() -> None:
    """Called once, when all apps are ready."""
    for model in _HOLDERS:
        register_guard(model, held_by)
    register_candidate_source(pools_of_hosts)
    register_capacity_source(storage_capacities)
    register_counter(ResourceType.VOLUME, volumes_of)
    register_counter(ResourceType.PRIMARY_STORAGE, primary_bytes_of)
    register_tagged_counter(ResourceType.VOLUME, tagged_volumes_of)
    register_tagged_counter(ResourceType.PRIMARY_STORAGE, tagged_bytes_of)
    register_counter(ResourceType.TEMPLATE, templates_of)
    register_counter(ResourceType.SECONDARY_STORAGE, secondary_bytes_of)


def held_by(instance: Model) -> Iterable[str]:
    """Sentences against deleting a place or a guest system."""
    for what, model, field in _HOLDERS[type(instance)]:
        count = model._default_manager.filter(**{field: instance.pk}).count()
        if count:
            yield f"it has {count} {what}"


def volumes_of(account_pks: Collection[int]) -> Mapping[int, int]:
    """Volumes of each account."""
    rows = Volume.objects.filter(account__in=account_pks).exclude(state__in=UNCOUNTED)
    return dict(rows.order_by().values_list("account").annotate(Count("pk")))


def tagged_volumes_of(account_pks: Collection[int], tag: str) -> Mapping[int, int]:
    """Volumes of each account whose offering has the storage tag."""
    rows = _tagged(account_pks, tag)
    return dict(rows.order_by().values_list("account").annotate(Count("pk")))


def tagged_bytes_of(account_pks: Collection[int], tag: str) -> Mapping[int, int]:
    """Bytes of each account's volumes whose offering has the storage tag, with what resizes have taken already."""
    rows = _tagged(account_pks, tag)
    return _with_growing(rows, account_pks)


def primary_bytes_of(account_pks: Collection[int]) -> Mapping[int, int]:
    """Bytes of each account's volumes, with what resizes under way have taken already."""
    return _with_growing(Volume.objects.filter(account__in=account_pks).exclude(state__in=UNCOUNTED), account_pks)


def _tagged(account_pks: Collection[int], tag: str) -> "QuerySet[Volume]":
    rows = Volume.objects.filter(account__in=account_pks).exclude(state__in=UNCOUNTED)
    return rows.filter(carrying("disk_offering__tags", tag))


def _with_growing(rows: "QuerySet[Volume]", account_pks: Collection[int]) -> dict[int, int]:
    found = dict(rows.order_by().values_list("account").annotate(Sum("size_bytes")))
    growing = AsyncJob.objects.filter(
        name="storage.volume.resize", status__in=AsyncJob.LIVE, resource_uuid__in=rows.order_by().values("uuid")
    )
    accounts = dict(Account.all_objects.filter(pk__in=account_pks).values_list("uuid", "pk"))
    for owner, arguments, data in growing.values_list("account_uuid", "arguments", "data"):
        if owner in accounts and not data.get("grown"):
            found[accounts[owner]] = found.get(accounts[owner], 0) + arguments["reserved_bytes"]
    return found


def templates_of(account_pks: Collection[int]) -> Mapping[int, int]:
    """Templates of each account."""
    rows = Template.objects.filter(account__in=account_pks).exclude(type=TemplateType.VOLUME)
    return dict(rows.order_by().values_list("account").annotate(Count("pk")))


def secondary_bytes_of(account_pks: Collection[int]) -> Mapping[int, int]:
    """Bytes of each account's templates, once for every image store that they go to."""
    rows = Template.objects.filter(account__in=account_pks, store_refs__isnull=False)
    return dict(rows.order_by().values_list("account").annotate(Sum(F("physical_size_bytes"))))
