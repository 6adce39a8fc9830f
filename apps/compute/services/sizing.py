"""How large a machine and its disks become: the offering's word, and the user's within its bounds."""

from collections.abc import Mapping
from dataclasses import dataclass

from apps.compute.models import ServiceOffering
from apps.storage.models import DiskOffering, Template
from apps.storage.services.volume_sizes import within_maximum
from cloudstack.framework.errors import InvalidParameter

GIB = 1024**3
MIB = 1024**2
LARGEST = {"cpunumber": 4096, "cpuspeed": 100_000, "memory": 1 << 30}
"""Beyond any host: CPUs, MHz, MiB. Also what the columns hold."""
DIGITS = 20


@dataclass(frozen=True, kw_only=True)
class Size:
    """CPUs, MHz of one, MiB."""

    cpus: int
    cpu_mhz: int
    memory_mib: int


def machine_size(offering: ServiceOffering, details: Mapping[str, str]) -> Size:
    """The size that ``offering`` gives; a custom one takes ``cpuNumber``, ``cpuSpeed`` and ``memory`` of ``details``.

    Raises ``InvalidParameter`` when a number is missing, is no number, is out of bounds or not the user's to choose.
    """
    asked = {key.lower(): value for key, value in details.items()}
    names = {"cpunumber": "cpuNumber", "cpuspeed": "cpuSpeed", "memory": "memory"}
    if not offering.is_customized:
        chosen = [names[key] for key in names if key in asked]
        if chosen:
            raise InvalidParameter(
                f"service offering {offering} has a fixed size; details[].{chosen[0]} goes with custom offerings only",
                parameter="details",
            )
        return Size(cpus=offering.cpus or 1, cpu_mhz=offering.cpu_mhz or 1, memory_mib=offering.memory_mib or 1)
    return Size(
        cpus=_number(asked, "cpuNumber", offering.cpus, offering.min_cpus, offering.max_cpus),
        cpu_mhz=_number(asked, "cpuSpeed", offering.cpu_mhz, None, None),
        memory_mib=_number(asked, "memory", offering.memory_mib, offering.min_memory_mib, offering.max_memory_mib),
    )


def _number(asked: Mapping[str, str], name: str, default: int | None, low: int | None, high: int | None) -> int:
    text = asked.get(name.lower())
    if text is None and default is None:
        raise InvalidParameter(f"the service offering is custom: details[0].{name} is needed", parameter="details")
    if text is not None and default is not None and low is None and high is None and text != str(default):
        raise InvalidParameter(f"details[].{name} is fixed at {default} by the service offering", parameter="details")
    if text is not None and not (text.isascii() and text.isdigit() and len(text) <= DIGITS and int(text) > 0):
        raise InvalidParameter(
            f"details[].{name} must be a positive whole number, not {text[:40]!r}", parameter="details"
        )
    value = int(text) if text is not None else int(default or 0)
    least, most = low or 1, high if high is not None else LARGEST[name.lower()]
    if not least <= value <= most:
        bounds = f"{least} to {most}"
        raise InvalidParameter(
            f"details[].{name} is {text or value}; the service offering allows {bounds}", parameter="details"
        )
    return value


def root_disk_bytes(
    offering: ServiceOffering,
    template: Template,
    asked_gib: int | None,
    *,
    disk_offering: DiskOffering | None = None,
) -> int:
    """Size of the root disk: what was asked for, else that of ``disk_offering``, else the offering's, else the
    template's.

    Raises ``InvalidParameter`` for one smaller than the template.
    """
    least = 0 if template.is_iso else template.virtual_size_bytes
    if disk_offering is not None:
        fixed = disk_offering.size_gib or None
    else:
        fixed = offering.root_disk_gib or (offering.disk_offering.size_gib or None)
    if asked_gib is not None:
        if asked_gib < 1:
            raise InvalidParameter(f"rootdisksize must be 1 GiB or more, not {asked_gib}", parameter="rootdisksize")
        if fixed and asked_gib != fixed and (disk_offering or offering.disk_offering).size_is_strict:
            raise InvalidParameter(f"rootdisksize is fixed at {fixed} GiB by the offering", parameter="rootdisksize")
    chosen = asked_gib or fixed
    size = within_maximum(chosen) if chosen else least
    if size < least:
        needed = -(-least // GIB)
        raise InvalidParameter(
            f"the root disk must hold template {template}: at least {needed} GiB, not {size // GIB}",
            parameter="rootdisksize",
        )
    return max(size, MIB)
