"""Reads of storage. Whatever a door shows is filtered by the caller here; jobs use ``…_for_job``."""

from apps.storage.selectors.guest_os import (
    categories_with_images,
    guest_os_categories_visible_to,
    guest_oses_visible_to,
)
from apps.storage.selectors.offerings import disk_offerings_visible_to, kept_for_domain
from apps.storage.selectors.pools import (
    hosts_of_pool,
    image_store_for_job,
    image_stores_of_zone,
    image_stores_visible_to,
    pool_for_job,
    pools_visible_to,
)
from apps.storage.selectors.templates import (
    TEMPLATE_FILTERS,
    accounts_using,
    isos_by_filter,
    isos_visible_to,
    ready_in_zone,
    template_for_job,
    templates_by_filter,
    templates_visible_to,
)
from apps.storage.selectors.volumes import volume_for_job, volumes_visible_to

__all__ = [
    "TEMPLATE_FILTERS",
    "accounts_using",
    "disk_offerings_visible_to",
    "categories_with_images",
    "guest_os_categories_visible_to",
    "guest_oses_visible_to",
    "hosts_of_pool",
    "image_store_for_job",
    "image_stores_of_zone",
    "image_stores_visible_to",
    "isos_by_filter",
    "isos_visible_to",
    "kept_for_domain",
    "pool_for_job",
    "pools_visible_to",
    "ready_in_zone",
    "template_for_job",
    "templates_by_filter",
    "templates_visible_to",
    "volume_for_job",
    "volumes_visible_to",
]
