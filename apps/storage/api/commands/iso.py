"""Commands on ISOs. Putting one into a machine is the compute app's."""

from apps.storage import events
from apps.storage.api.commands.image import (
    DeleteImageCmd,
    ListImagePermissionsCmd,
    ListImagesCmd,
    UpdateImageCmd,
    UpdateImagePermissionsCmd,
)
from apps.storage.api.refused import RefusedFlag
from apps.storage.api.responses.template import IsoResponse
from apps.storage.models import Iso
from apps.storage.selectors import TEMPLATE_FILTERS, isos_by_filter
from cloudstack.api import Access, Choice, Flag, Ref


class ListIsos(ListImagesCmd):
    """Lists ISOs: isofilter says whose and in what state."""

    response = IsoResponse
    by_filter = isos_by_filter

    image_filter = Choice(
        "isofilter", tuple(TEMPLATE_FILTERS), default="selfexecutable", help=", ".join(TEMPLATE_FILTERS)
    )
    bootable = Flag("bootable", lookup="bootable", help="discs that machines boot from, or the others")
    public = Flag("ispublic", lookup="is_public", help="discs that everybody may use, or the others")


class UpdateIso(UpdateImageCmd):
    """Changes an ISO's texts, flags and details."""

    response = IsoResponse

    image = Ref("id", Iso, access=Access.MODIFY, required=True, help="the ISO")
    routing = RefusedFlag("isrouting")


class DeleteIso(DeleteImageCmd):
    """Deletes an ISO that is in no machine's drive."""

    event_type = events.ISO_DELETE

    image = Ref("id", Iso, access=Access.MODIFY, required=True, help="the ISO")


class UpdateIsoPermissions(UpdateImagePermissionsCmd):
    """Says who may use an ISO beside its owner."""

    image = Ref("id", Iso, access=Access.MODIFY, select_related=["account"], required=True, help="the ISO")


class ListIsoPermissions(ListImagePermissionsCmd):
    """Shows who may use an ISO beside its owner."""

    image = Ref("id", Iso, access=Access.MODIFY, select_related=["domain"], required=True, help="the ISO")
