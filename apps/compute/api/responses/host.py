"""Hosts as the target of a machine."""

from apps.infrastructure.api.responses.host import HostResponse
from cloudstack.api import BOOL, STRING
from cloudstack.api.fields import Item


class Judgement(Item):
    """What placement says of the host for the machine; put in by the command."""


class HostForMigrationResponse(HostResponse):
    """A host to which a machine could be moved, or not."""

    suitableformigration = Judgement(type=BOOL, help="whether the machine can be moved there as it is")
    requiresStorageMotion = Judgement(type=BOOL, help="whether the host cannot reach the storage of the machine")
    unsuitablereason = Judgement(type=STRING, help="why it does not suit, in placement's words")
