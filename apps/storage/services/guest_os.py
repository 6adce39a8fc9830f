"""Guest operating systems: the set that a new cloud has, and changes to it."""

from collections.abc import Mapping
from typing import Any

from django.db import IntegrityError, transaction

from apps.infrastructure.models import Host
from apps.infrastructure.services.guards import refuse_when_used
from apps.storage import events
from apps.storage.models import GuestOs, GuestOsCategory
from cloudstack.framework.context import Caller
from cloudstack.framework.errors import InvalidParameter
from cloudstack.framework.events.bus import publish
from cloudstack.framework.jobs import AsyncJob, dispatch

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
    """Bring in what is missing of ``SYSTEMS``; answers how many systems were added. Safe to repeat.

    A family that an operator has renamed or deleted is not brought back; new systems of a deleted one stay away too.
    """
    brought = set(GuestOsCategory.all_objects.values_list("seeded_as", flat=True))
    taken = set(GuestOsCategory.objects.values_list("name", flat=True))
    GuestOsCategory.objects.bulk_create(
        GuestOsCategory(name=name, seeded_as=name) for name in SYSTEMS if name not in brought and name not in taken
    )
    categories = {category.seeded_as or category.name: category for category in GuestOsCategory.objects.all()}
    known = set(GuestOs.objects.values_list("description", flat=True))
    missing = [
        GuestOs(description=description, category=categories[name])
        for name, descriptions in SYSTEMS.items()
        for description in descriptions
        if description not in known and name in categories
    ]
    GuestOs.objects.bulk_create(missing)
    return len(missing)


class GuestOsManager:
    """Operating systems that templates can hold. Those that came with the platform keep their name and stay."""

    def add(
        self,
        *,
        caller: Caller,
        category: GuestOsCategory,
        description: str,
        name: str = "",
        details: Mapping[str, str] | None = None,
        displayed: bool = True,
    ) -> tuple[GuestOs, AsyncJob]:
        """Raises ``InvalidParameter`` for a name that is there already."""
        description = _free_description(description)
        try:
            with transaction.atomic():
                # Held, so that it is not deleted as an empty one meanwhile.
                if GuestOsCategory.objects.select_for_update().filter(pk=category.pk).first() is None:
                    raise InvalidParameter(
                        f"guest OS category {category} has just been deleted", parameter="oscategoryid"
                    )
                system = GuestOs.objects.create(
                    category=category,
                    description=description,
                    name=name.strip(),
                    details=dict(details or {}),
                    is_displayed=displayed,
                    is_user_defined=True,
                )
                return system, self._dispatch("add", caller, system, events.GUEST_OS_ADD, f"Add guest OS {system}")
        except IntegrityError:
            raise _taken(description) from None

    @transaction.atomic
    def update(
        self,
        *,
        caller: Caller,
        system: GuestOs,
        description: str | None = None,
        details: Mapping[str, str] | None = None,
        displayed: bool | None = None,
        category: GuestOsCategory | None = None,
    ) -> AsyncJob:
        """Change what is given; ``details`` are set beside those that are there."""
        if description is not None and description.strip() != system.description:
            if not system.is_user_defined:
                raise InvalidParameter(
                    f"guest OS {system} came with the platform and keeps its name; leave osdisplayname out",
                    parameter="osdisplayname",
                )
            description = _free_description(description)
        changes: dict[str, Any] = {
            "description": description.strip() if description is not None else None,
            "details": dict(details) if details else None,
            "is_displayed": displayed,
            "category_uuid": str(category.uuid) if category is not None else None,
        }
        changes = {key: value for key, value in changes.items() if value is not None}
        if not changes:
            raise InvalidParameter("give osdisplayname, details, forDisplay or oscategoryid", parameter="osdisplayname")
        text = f"Change guest OS {system}"
        return self._dispatch("update", caller, system, events.GUEST_OS_UPDATE, text, changes=changes)

    @transaction.atomic
    def remove(self, *, caller: Caller, system: GuestOs) -> AsyncJob:
        """Only a system that an operator added, and that no template and no machine has. Raises ``ResourceInUse``."""
        if not system.is_user_defined:
            raise InvalidParameter(
                f"guest OS {system} came with the platform and cannot be removed; "
                "updateGuestOs with forDisplay=false hides it from users",
                parameter="id",
            )
        refuse_when_used(system)
        return self._dispatch("remove", caller, system, events.GUEST_OS_REMOVE, f"Remove guest OS {system}")

    def _dispatch(
        self, verb: str, caller: Caller, system: GuestOs, event_type: str, description: str, **arguments: Any
    ) -> AsyncJob:
        return dispatch(
            f"storage.guest_os.{verb}",
            caller=caller,
            exclusive=[f"guest_os:{system.uuid}"],
            resource=system,
            arguments={"guest_os_uuid": str(system.uuid), **arguments},
            description=description,
            event_type=event_type,
        )


class GuestOsCategoryManager:
    """Families of guest systems."""

    def add(self, *, caller: Caller, name: str, featured: bool = False) -> GuestOsCategory:
        """Raises ``InvalidParameter`` for a name that is empty or there already."""
        name = _category_name(name)
        try:
            with transaction.atomic():
                category = GuestOsCategory.objects.create(name=name, is_featured=featured)
                text = f"added guest OS category {category}"
                publish(events.GUEST_OS_CATEGORY_ADD, caller=caller, description=text, resource=category)
        except IntegrityError:
            raise _category_taken(name) from None
        return category

    def update(
        self,
        *,
        caller: Caller,
        category: GuestOsCategory,
        name: str | None = None,
        featured: bool | None = None,
        sort_key: int | None = None,
    ) -> GuestOsCategory:
        """Change what is given."""
        changes: dict[str, Any] = {
            "name": _category_name(name) if name is not None else None,
            "is_featured": featured,
            "sort_key": sort_key,
        }
        changes = {key: value for key, value in changes.items() if value is not None}
        if not changes:
            raise InvalidParameter("give name, isfeatured or sortkey", parameter="name")
        try:
            with transaction.atomic():
                GuestOsCategory.objects.filter(pk=category.pk).update(**changes)
                category.refresh_from_db()
                text = f"changed guest OS category {category}"
                publish(events.GUEST_OS_CATEGORY_UPDATE, caller=caller, description=text, resource=category)
        except IntegrityError:
            raise _category_taken(changes["name"]) from None
        return category

    @transaction.atomic
    def delete(self, *, caller: Caller, category: GuestOsCategory) -> None:
        """Only an empty one; hosts that were meant for it take guests of all families again."""
        GuestOsCategory.objects.select_for_update().filter(pk=category.pk).first()
        refuse_when_used(category)
        if category.mark_removed():
            Host.objects.filter(guest_os_category=category).update(guest_os_category=None)
            text = f"deleted guest OS category {category}"
            publish(events.GUEST_OS_CATEGORY_DELETE, caller=caller, description=text, resource=category)


def _free_description(description: str) -> str:
    description = description.strip()
    if not description:
        raise InvalidParameter("osdisplayname is empty", parameter="osdisplayname")
    if GuestOs.objects.filter(description=description).exists():
        raise _taken(description)
    return description


def _taken(description: str) -> InvalidParameter:
    return InvalidParameter(f"there is a guest OS {description!r} already", parameter="osdisplayname")


def _category_name(name: str) -> str:
    if not name.strip():
        raise InvalidParameter("name is empty", parameter="name")
    return name.strip()


def _category_taken(name: str) -> InvalidParameter:
    return InvalidParameter(f"there is a guest OS category {name!r} already", parameter="name")
