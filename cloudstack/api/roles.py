"""Role sets and access levels: the words in which commands say who may call them and what they touch."""

from enum import IntEnum
from typing import TypeAlias

from cloudstack.framework.context import RoleType

RoleSet: TypeAlias = frozenset[RoleType]

ROOT: RoleSet = frozenset({RoleType.ADMIN})
"""Root admins only."""
ADMINS: RoleSet = frozenset({RoleType.ADMIN, RoleType.RESOURCE_ADMIN, RoleType.DOMAIN_ADMIN})
"""Root, resource and domain admins."""
EVERYONE: RoleSet = frozenset(RoleType)
"""Whoever has logged in or signed."""


class Access(IntEnum):
    """What a caller wants to do with an object; each level includes those before it."""

    USE = 1
    """See it and make use of it, as of a shared template. An object without USE is invisible."""
    OPERATE = 2
    """Work it: start, stop, attach."""
    MODIFY = 3
    """Change or delete it."""
    ADMIN = 4
    """Change who owns it or who shares it."""
