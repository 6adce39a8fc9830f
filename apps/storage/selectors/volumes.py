"""Volumes that a caller may see or change."""

from typing import Any

from django.db.models import QuerySet

from apps.accounts.selectors import owned_scope
from apps.storage.models import Volume
from cloudstack.api import Access
from cloudstack.framework.context import Caller


def volumes_visible_to(*, caller: Caller, access: Access = Access.USE) -> QuerySet[Volume]:
    return owned_scope(Volume.objects.all(), caller=caller, access=access)


def volume_for_job(*, uuid: Any) -> Volume:
    """A volume with what steps need, removed ones included: a job must be able to finish."""
    related = ("account__domain", "domain", "zone", "pool__zone", "template", "disk_offering", "source_image")
    return Volume.all_objects.select_related(*related).get(uuid=uuid)
