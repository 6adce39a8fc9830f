"""Guest operating systems: the set that a new cloud has, and changes to it."""

from django.db import transaction

from apps.storage.models import GuestOs, GuestOsCategory
from cloudstack.framework.context import Caller
from cloudstack.framework.errors import InvalidParameter

SYSTEMS: dict[str, tuple[str, ...]] = {
    "CentOS": ("CentOS 7", "CentOS 8", "CentOS Stream 9", "CentOS Stream 10", "CentOS 5.6 (64-bit)"),
    "Debian": (
        "Debian GNU/Linux 10 (64-bit)",
        "Debian GNU/Linux 11 (64-bit)",
        "Debian GNU/Linux 12 (64-bit)",
        "Debian GNU/Linux 13 (64-bit)",
    ),
    "Oracle": ("Oracle Linux 8", "Oracle Linux 9"),
    "RedHat": (
        "Red Hat Enterprise Linux 8.0",
        "Red Hat Enterprise Linux 9.0",
        "Rocky Linux 8",
        "Rocky Linux 9",
        "AlmaLinux 9",
        "Fedora Linux (64 bit)",
    ),
    "SUSE": ("SUSE Linux Enterprise Server 15 (64-bit)", "openSUSE Leap 15"),
    "Windows": (
        "Windows 10 (64-bit)",
        "Windows 11 (64-bit)",
        "Windows Server 2016 (64-bit)",
        "Windows Server 2019 (64-bit)",
        "Windows Server 2022 (64-bit)",
        "Windows Server 2025 (64-bit)",
    ),
    "Other": ("Other Linux (64-bit)", "Other (64-bit)", "Other PV (64-bit)", "Alpine Linux"),
    "Novel": (),
    "Unix": ("FreeBSD 13 (64-bit)", "FreeBSD 14 (64-bit)", "OpenBSD 7 (64-bit)"),
    "Ubuntu": ("Ubuntu 20.04 LTS", "Ubuntu 22.04 LTS", "Ubuntu 24.04 LTS"),
    "None": ("None",),
}
"""Categories and, in each, what users choose from."""


@transaction.atomic
def seed_guest_oses() -> int:
    """Bring in what is missing of ``SYSTEMS``; answers how many systems were added. Safe to repeat."""
    known = set(GuestOsCategory.objects.values_list("name", flat=True))
    GuestOsCategory.objects.bulk_create(GuestOsCategory(name=name) for name in SYSTEMS if name not in known)
    categories = {category.name: category for category in GuestOsCategory.objects.all()}
    known = set(GuestOs.objects.values_list("description", flat=True))
    missing = [
        GuestOs(description=description, category=categories[name])
        for name, descriptions in SYSTEMS.items()
        for description in descriptions
        if description not in known
    ]
    GuestOs.objects.bulk_create(missing)
    return len(missing)


class GuestOsManager:
    """Operating systems that the operator adds."""

    @transaction.atomic
    def add(self, *, caller: Caller, category: GuestOsCategory, description: str) -> GuestOs:
        """Raises ``InvalidParameter`` for a name that is there already."""
        name = description.strip()
        if not name or GuestOs.objects.filter(description=name).exists():
            raise InvalidParameter(f"guest OS {name!r} is empty or exists already", parameter="osdisplayname")
        return GuestOs.objects.create(category=category, description=name, is_user_defined=True)
