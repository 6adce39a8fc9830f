"""Parameter declarations of commands."""

from cloudstack.api.identifiers import BadValue
from cloudstack.api.params.base import MISSING, Param
from cloudstack.api.params.compound import ListOf, Map, MapList
from cloudstack.api.params.refs import Ref, RefList
from cloudstack.api.params.scalars import Choice, Date, Flag, Float, Int, Long, Secret, Str, Uuid

__all__ = [
    "MISSING",
    "BadValue",
    "Choice",
    "Date",
    "Flag",
    "Float",
    "Int",
    "ListOf",
    "Long",
    "Map",
    "MapList",
    "Param",
    "Ref",
    "RefList",
    "Secret",
    "Str",
    "Uuid",
]
