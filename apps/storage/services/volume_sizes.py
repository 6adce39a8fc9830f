"""How large a volume may be: what the offering, the user and the operator's settings say together."""

from apps.storage.config import CUSTOM_DISK_MAX, CUSTOM_DISK_MIN, MAX_VOLUME_SIZE
from apps.storage.models import DiskOffering
from cloudstack.framework.errors import InvalidParameter

GIB = 1 << 30


def size_for(offering: DiskOffering, size_gib: int | None) -> int:
    """Bytes of a volume of ``offering``; ``size_gib`` is the user's wish. Raises ``InvalidParameter``."""
    if not offering.is_custom:
        if size_gib is not None and size_gib != offering.size_gib:
            raise InvalidParameter(
                f"disk offering {offering} fixes the size at {offering.size_gib} GiB; leave size out or take another",
                parameter="size",
            )
        return within_maximum(offering.size_gib)
    if size_gib is None:
        raise InvalidParameter(f"disk offering {offering} is custom: give the size in GiB", parameter="size")
    smallest, largest = CUSTOM_DISK_MIN.value(), CUSTOM_DISK_MAX.value()
    if not smallest <= size_gib <= largest:
        raise InvalidParameter(
            f"size {size_gib} is not possible: custom disks have {smallest} to {largest} GiB", parameter="size"
        )
    return within_maximum(size_gib)


def within_maximum(size_gib: int) -> int:
    """``size_gib`` in bytes. Raises ``InvalidParameter`` above ``storage.max.volume.size``."""
    largest = MAX_VOLUME_SIZE.value()
    if not 0 < size_gib <= largest:
        raise InvalidParameter(f"size {size_gib} is not possible: volumes have 1 to {largest} GiB", parameter="size")
    return size_gib * GIB
