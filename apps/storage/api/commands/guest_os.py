"""Commands on guest operating systems."""

from django.db.models import QuerySet

from apps.accounts.api.attached import ShowsIcons
from apps.infrastructure.models import Zone
from apps.storage import events
from apps.storage.api.responses.guest_os import GuestOsCategoryResponse, GuestOsResponse
from apps.storage.models import GuestOs, GuestOsCategory
from apps.storage.selectors import categories_with_images, guest_os_categories_visible_to, guest_oses_visible_to
from apps.storage.services.guest_os import GuestOsCategoryManager, GuestOsManager
from cloudstack.api import (
    ROOT,
    Access,
    BaseAsyncCmd,
    BaseAsyncCreateCmd,
    BaseCmd,
    BaseListCmd,
    Flag,
    Int,
    Map,
    Ref,
    Rest,
    Str,
    SuccessResponse,
)
from cloudstack.framework.jobs import AsyncJob


class ListOsTypes(BaseListCmd):
    """Lists the operating systems that templates can say they hold."""

    response = GuestOsResponse
    keyword_fields = ("description",)

    category = Ref("oscategoryid", GuestOsCategory, lookup="category", help="systems of this family")
    description = Str("description", lookup="description", help="exact name")
    displayed = Flag("fordisplay", lookup="is_displayed", help="systems that users see, or the others")

    def queryset(self) -> QuerySet[GuestOs]:
        return guest_oses_visible_to(caller=self.caller)


class ListOsCategories(ShowsIcons):
    """Lists the families of operating systems."""

    response = GuestOsCategoryResponse
    ordering = ("sort_key", "id")

    category_name = Str("name", lookup="name", help="exact name")
    featured = Flag("isfeatured", lookup="is_featured", help="families that are shown first, or the others")
    zone = Ref("zoneid", Zone, help="families of which you can use an image in this zone")
    of_isos = Flag("isiso", help="true: families of which you can use an ISO; false: those with a template")
    arch = Str("arch", help="families of which you can use an image for this CPU architecture")

    def queryset(self) -> QuerySet[GuestOsCategory]:
        categories = guest_os_categories_visible_to(caller=self.caller)
        if self.zone is None and self.of_isos is None and not self.arch:
            return categories
        return categories.filter(
            pk__in=categories_with_images(
                caller=self.caller, zone=self.zone, isos=self.of_isos, architecture=self.arch or ""
            )
        )


class AddGuestOs(BaseAsyncCreateCmd):
    """Adds an operating system that templates can say they hold."""

    rest = Rest("os-types")
    roles = ROOT
    response = GuestOsResponse
    event_type = events.GUEST_OS_ADD

    category = Ref("oscategoryid", GuestOsCategory, required=True, help="its family")
    display_name = Str("osdisplayname", required=True, max_length=255, help="name that users see, once in the cloud")
    os_name = Str("name", max_length=255, help="another name, where it has one")
    details = Map("details", help="details[0].key=name, details[0].value=text")
    displayed = Flag("forDisplay", default=True, help="whether users see it")

    def execute(self) -> tuple[GuestOs, AsyncJob]:
        return GuestOsManager().add(
            caller=self.caller,
            category=self.category,
            description=self.display_name,
            name=self.os_name or "",
            details=self.details,
            displayed=self.displayed,
        )


class UpdateGuestOs(BaseAsyncCmd):
    """Changes an operating system; those that came with the platform keep their name."""

    rest = Rest("os-types", method="PATCH")
    roles = ROOT
    response = GuestOsResponse
    event_type = events.GUEST_OS_UPDATE

    system = Ref("id", GuestOs, access=Access.MODIFY, required=True, help="the system")
    display_name = Str("osdisplayname", max_length=255, help="new name that users see")
    details = Map("details", help="details to set beside those that are there")
    displayed = Flag("forDisplay", help="whether users see it")
    category = Ref("oscategoryid", GuestOsCategory, help="new family")

    def execute(self) -> AsyncJob:
        return GuestOsManager().update(
            caller=self.caller,
            system=self.system,
            description=self.display_name,
            details=self.details,
            displayed=self.displayed,
            category=self.category,
        )


class RemoveGuestOs(BaseAsyncCmd):
    """Removes an operating system that was added, when no template and no machine has it."""

    rest = Rest("os-types", method="DELETE")
    roles = ROOT
    response = SuccessResponse
    event_type = events.GUEST_OS_REMOVE

    system = Ref("id", GuestOs, access=Access.MODIFY, required=True, help="the system")

    def execute(self) -> AsyncJob:
        return GuestOsManager().remove(caller=self.caller, system=self.system)


class AddOsCategory(BaseCmd):
    """Adds a family of operating systems."""

    roles = ROOT
    response = GuestOsCategoryResponse
    event_type = events.GUEST_OS_CATEGORY_ADD

    category_name = Str("name", required=True, max_length=255, help="its name, once in the cloud")
    featured = Flag("isfeatured", default=False, help="whether it is shown first")

    def execute(self) -> GuestOsCategory:
        return GuestOsCategoryManager().add(caller=self.caller, name=self.category_name, featured=self.featured)


class UpdateOsCategory(BaseCmd):
    """Changes a family of operating systems."""

    roles = ROOT
    response = GuestOsCategoryResponse
    event_type = events.GUEST_OS_CATEGORY_UPDATE

    category = Ref("id", GuestOsCategory, access=Access.MODIFY, required=True, help="the family")
    category_name = Str("name", max_length=255, help="new name")
    featured = Flag("isfeatured", help="whether it is shown first")
    sort_key = Int("sortkey", help="place in lists, lowest first")

    def execute(self) -> GuestOsCategory:
        return GuestOsCategoryManager().update(
            caller=self.caller,
            category=self.category,
            name=self.category_name,
            featured=self.featured,
            sort_key=self.sort_key,
        )


class DeleteOsCategory(BaseCmd):
    """Deletes a family of operating systems that none is in any more."""

    roles = ROOT
    response = SuccessResponse
    event_type = events.GUEST_OS_CATEGORY_DELETE

    category = Ref("id", GuestOsCategory, access=Access.MODIFY, required=True, help="the family")

    def execute(self) -> None:
        GuestOsCategoryManager().delete(caller=self.caller, category=self.category)
