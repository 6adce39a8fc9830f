"""Kinds of usage on the wire."""

from cloudstack.api import INT, STRING, Field, Response


class UsageTypeResponse(Response):
    """One kind of usage."""

    object_name = "usagetype"

    id = Field(type=INT, help="its number")
    name = Field(type=STRING)
    description = Field(type=STRING)
