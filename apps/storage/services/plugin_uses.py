"""What of the storage stands and falls with a plugin."""

from django.db.models import Q

from apps.storage.models import ImageStore, StoragePool
from cloudstack.framework.plugins.uses import Given, counted, register_uses


def uses(given: Given) -> list[str]:
    """Pools and image stores that the plugin's drivers work."""
    found = []
    kinds = given.get("register_storage_drivers", frozenset())
    if kinds:
        fitting = Q()
        for hypervisor, kind in kinds:
            fitting |= Q(hypervisor=hypervisor, type=kind)
        found += counted(StoragePool.objects.filter(fitting).count(), "storage pool", "of a kind that it drives")
    providers = given.get("register_image_store_drivers", frozenset())
    if providers:
        stores = ImageStore.objects.filter(provider__in=providers)
        found += counted(stores.count(), "image store", f"of the provider {', '.join(sorted(providers))}")
    return found


def register() -> None:
    register_uses(uses)
