"""Roles and their rules as clients see them."""

from apps.accounts.api.responses.user import role_type_word
from apps.accounts.models import Role, RolePermission
from cloudstack.api import Field, Response


class RoleResponse(Response):
    object_name = "role"
    model = Role

    id = Field("uuid", help="UUID of the role")
    name = Field(help="its name")
    type = role_type_word("type")
    description = Field(help="what it is for")
    isdefault = Field("is_default", help="whether it came with the installation and cannot be changed")
    ispublic = Field("is_public", help="whether domain admins may give it away")
    state = Field(help="enabled or disabled")


class RolePermissionResponse(Response):
    object_name = "rolepermission"
    model = RolePermission

    id = Field("uuid", help="UUID of the rule")
    roleid = Field("role__uuid", help="UUID of the role")
    rolename = Field("role__name", help="name of the role")
    rule = Field(help="name of a command, with * for any letters and digits")
    permission = Field(help="allow or deny")
    description = Field(help="why")
