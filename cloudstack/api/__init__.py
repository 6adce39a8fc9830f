"""The command API: declarations, registry, dispatcher and doors.

Apps import from here what a command, a response and an entity registration need.
"""

from cloudstack.api.base import BaseAsyncCmd, BaseAsyncCreateCmd, BaseCmd, Rest
from cloudstack.api.entities import entity_for, register_entity
from cloudstack.api.fields import BOOL, DATE, FLOAT, INT, LIST, LONG, MAP, STRING, Children, Field, FieldType, Loaded
from cloudstack.api.listing import BaseListCmd
from cloudstack.api.params import (
    BadValue,
    Choice,
    Date,
    Flag,
    Float,
    Int,
    ListOf,
    Long,
    Map,
    MapList,
    Param,
    Ref,
    RefList,
    Secret,
    Str,
    Uuid,
)
from cloudstack.api.responses import Response, SuccessResponse
from cloudstack.api.roles import ADMINS, EVERYONE, ROOT, Access, RoleSet

__all__ = [
    "ADMINS",
    "BOOL",
    "DATE",
    "EVERYONE",
    "FLOAT",
    "INT",
    "LIST",
    "LONG",
    "MAP",
    "ROOT",
    "STRING",
    "Access",
    "BadValue",
    "BaseAsyncCmd",
    "BaseAsyncCreateCmd",
    "BaseCmd",
    "BaseListCmd",
    "Children",
    "Choice",
    "Date",
    "Field",
    "FieldType",
    "Flag",
    "Float",
    "Int",
    "ListOf",
    "Loaded",
    "Long",
    "Map",
    "MapList",
    "Param",
    "Ref",
    "RefList",
    "Response",
    "Rest",
    "RoleSet",
    "Secret",
    "Str",
    "SuccessResponse",
    "Uuid",
    "entity_for",
    "register_entity",
]
