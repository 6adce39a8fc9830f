"""Guest operating systems on the wire."""

from apps.accounts.api.attached import Iconed
from apps.storage.models import GuestOs, GuestOsCategory
from cloudstack.api import BOOL, DATE, STRING, Field, Response


class GuestOsResponse(Response):
    object_name = "ostype"
    model = GuestOs

    id = Field("uuid", help="UUID of the operating system")
    name = Field(
        compute=lambda row: row["name"] or row["description"],
        needs=("name", "description"),
        type=STRING,
        help="name of the operating system, where it has another than the one that is shown",
    )
    description = Field(help="name that users see")
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
