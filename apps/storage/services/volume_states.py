"""A volume leaves or comes back: its state and what it counts against the limits of its owner, in one transaction."""

from django.db import transaction
from django.utils import timezone

from apps.accounts.models import ResourceType
from apps.accounts.services.limit_rules import Amounts, by_tags
from apps.accounts.services.limits import LimitManager
from apps.storage.models import Volume
from apps.storage.services.state_machines import VOLUME_FSM


def amounts_of(size_bytes: int, *, pieces: int = 1) -> Amounts:
    """What a volume of that size counts."""
    return {ResourceType.VOLUME: pieces, ResourceType.PRIMARY_STORAGE: size_bytes}


@transaction.atomic
def retire(volume: Volume) -> None:
    """Allocated or Ready → Destroy; what it counted is given back."""
    VOLUME_FSM.fire(volume, "destroy_requested", destroyed_at=timezone.now())
    LimitManager().release(volume.account, amounts_of(volume.size_bytes))


@transaction.atomic
def revive(volume: Volume) -> None:
    """Destroy → Ready, or Allocated for one that was never made. Raises ``LimitExceeded`` and changes nothing."""
    LimitManager().reserve(volume.account, amounts_of(volume.size_bytes))
    VOLUME_FSM.fire(volume, "recover_requested" if volume.path else "recover_allocated", destroyed_at=None)
