"""Commands on guest operating systems."""

from django.db.models import QuerySet

from apps.accounts.api.attached import ShowsIcons
from apps.infrastructure.models import Zone
from apps.storage.api.responses.guest_os import GuestOsCategoryResponse, GuestOsResponse
from apps.storage.models import GuestOs, GuestOsCategory
from apps.storage.selectors import guest_os_categories_visible_to, guest_oses_visible_to
from cloudstack.api import BaseListCmd, Flag, Ref, Str


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

    category_name = Str("name", lookup="name", help="exact name")
    featured = Flag("isfeatured", lookup="is_featured", help="families that are shown first, or the others")
    zone = Ref("zoneid", Zone, help="accepted; families are the same in all zones")

    def queryset(self) -> QuerySet[GuestOsCategory]:
        return guest_os_categories_visible_to(caller=self.caller)
