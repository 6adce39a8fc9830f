"""Commands about the record of placements."""

from django.db.models import QuerySet

from apps.compute.api.responses.placement import VirtualMachinePlacementResponse
from apps.compute.models import VirtualMachine, VirtualMachinePlacement
from apps.compute.selectors.placements import placements_visible_to
from apps.compute.states import PlacementPurpose
from cloudstack.api import ROOT, BaseListCmd, Choice, Ref, Uuid


class ListVirtualMachinePlacements(BaseListCmd):
    """Lists why machines were put on their hosts, with what was thought of each host; the newest first."""

    roles = ROOT
    response = VirtualMachinePlacementResponse
    keyword_fields = ("vm__name", "host_name", "summary")
    ordering = ("-id",)

    vm = Ref("virtualmachineid", VirtualMachine, lookup="vm", help="placements of this machine")
    job = Uuid("jobid", lookup="job_uuid", help="placements of this job")
    purpose = Choice("purpose", PlacementPurpose.values, lookup="purpose", help="placements for this purpose")

    def queryset(self) -> QuerySet[VirtualMachinePlacement]:
        return placements_visible_to(caller=self.caller)
