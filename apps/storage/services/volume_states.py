"""A volume leaves or comes back: its state and what it counts against the limits of its owner, in one transaction."""

from django.db import transaction
from django.utils import timezone

from apps.accounts.models import ResourceType
from apps.accounts.services.limit_rules import Amounts, by_tags, limited_tags
from apps.accounts.services.limits import LimitManager
from apps.storage.models import DiskOffering, Volume
from apps.storage.services.state_machines import VOLUME_FSM
from apps.storage.states import TemplateState
from cloudstack.framework.errors import InvalidParameter


def amounts_of(size_bytes: int, *, pieces: int = 1, of: Volume | DiskOffering | None = None) -> Amounts:
    """What a volume of that size counts, also by those tags of its offering for which there are limits."""
    amounts = {ResourceType.VOLUME: pieces, ResourceType.PRIMARY_STORAGE: size_bytes}
    if of is None or not limited_tags(ResourceType.VOLUME):
        # Most clouds limit nothing by tags: the offering is not read for nothing.
        return amounts
    offering = of.disk_offering if isinstance(of, Volume) else of
    return by_tags(amounts, offering.tag_set) if offering is not None else amounts


def newly_counted(size_bytes: int, *, before: DiskOffering | None, after: DiskOffering) -> Amounts:
    """What a volume counts by tags of the offering ``after`` that ``before`` does not have."""
    old = amounts_of(size_bytes, of=before)
    return {what: amount for what, amount in amounts_of(size_bytes, of=after).items() if what not in old}


def recount_by_tags(volume: Volume, *, before: DiskOffering | None, after: DiskOffering) -> None:
    """A volume has got another offering: it counts by its tags now. Room was looked for when it was asked for."""
    LimitManager().count(volume.account, newly_counted(volume.size_bytes, before=before, after=after))
    if before is not None:
        LimitManager().release(volume.account, newly_counted(volume.size_bytes, before=after, after=before))


@transaction.atomic
def retire(volume: Volume) -> None:
    """To Destroy from any state at rest; what it counted is given back."""
    VOLUME_FSM.fire(volume, "destroy_requested", destroyed_at=timezone.now())
    LimitManager().release(volume.account, amounts_of(volume.size_bytes, of=volume))


@transaction.atomic
def revive(volume: Volume) -> None:
    """Destroy → Ready, or Allocated for one that was never made. Raises ``LimitExceeded`` and changes nothing."""
    LimitManager().reserve(volume.account, amounts_of(volume.size_bytes, of=volume))
    if volume.source_image is not None and not volume.path:
        if volume.source_image.state != TemplateState.ACTIVE:
            raise InvalidParameter(f"volume {volume} holds nothing that could be recovered", parameter="id")
        event = "recover_uploaded"
    else:
        event = "recover_requested" if volume.path else "recover_allocated"
    VOLUME_FSM.fire(volume, event, destroyed_at=None)
