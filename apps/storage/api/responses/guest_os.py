"""Guest operating systems on the wire."""

from apps.accounts.api.attached import Iconed
from apps.storage.models import GuestOs, GuestOsCategory
from cloudstack.api import BOOL, DATE, Field, Response


class GuestOsResponse(Response):
    object_name = "ostype"
    model = GuestOs

    id = Field("uuid", help="UUID of the operating system")
    name = Field("description", help="name of the operating system")
    description = Field(help="name of the operating system")
    oscategoryid = Field("category__uuid", help="its family")
    oscategoryname = Field("category__name", help="name of its family")
    isuserdefined = Field("is_user_defined", type=BOOL, help="whether an operator added it")
    fordisplay = Field("is_displayed", type=BOOL, admin_only=True, help="whether users see it")


class GuestOsCategoryResponse(Iconed):
    object_name = "oscategory"
    model = GuestOsCategory

    id = Field("uuid", help="UUID of the family")
    name = Field(help="name of the family")
    isfeatured = Field("is_featured", type=BOOL, help="whether it is shown first")
    created = Field(type=DATE, help="when it was added")
