"""Commands on what operators allow of hypervisors."""

from apps.infrastructure.api.refused import RefusedFlag
from apps.infrastructure.api.responses.hypervisor import HypervisorCapabilitiesResponse
from apps.infrastructure.models import HypervisorCapabilities
from apps.infrastructure.models.hypervisor import DEFAULT_VERSION
from apps.infrastructure.selectors import hypervisor_capabilities_visible_to
from apps.infrastructure.services.hypervisors import HypervisorManager
from cloudstack.api import ROOT, Access, BaseCmd, BaseListCmd, Choice, Int, Ref, Str


class ListHypervisorCapabilities(BaseListCmd):
    """Lists the limits of hypervisors; one that is left out is none."""

    roles = ROOT
    response = HypervisorCapabilitiesResponse
    keyword_fields = ("hypervisor",)

    hypervisor = Str("hypervisor", lookup="hypervisor__iexact", help="limits of this hypervisor")

    def queryset(self):
        return hypervisor_capabilities_visible_to(caller=self.caller)


class UpdateHypervisorCapabilities(BaseCmd):
    """Sets limits of a hypervisor: they hold for what is added from now on."""

    roles = ROOT
    response = HypervisorCapabilitiesResponse

    capabilities = Ref("id", HypervisorCapabilities, access=Access.MODIFY, help="the limits; or give hypervisor")
    hypervisor = Str("hypervisor", default="", max_length=32, help="limits of this hypervisor")
    version = Choice("hypervisorversion", (DEFAULT_VERSION,), help="default: limits hold for all versions")
    max_guests = Int("maxguestslimit", minimum=1, help="machines on one host")
    max_data_volumes = Int("maxdatavolumeslimit", minimum=1, help="data disks of one machine")
    max_hosts_per_cluster = Int("maxhostspercluster", minimum=1, help="hosts of one cluster")
    security_groups = RefusedFlag("securitygroupenabled")
    storage_motion = RefusedFlag("storagemotionenabled")
    vm_snapshots = RefusedFlag("vmsnapshotenabled")

    def execute(self):
        names = ("max_guests", "max_data_volumes", "max_hosts_per_cluster")
        limits = {name: getattr(self, name) for name in names if self.given(name)}
        return HypervisorManager().update(
            caller=self.caller, capabilities=self.capabilities, hypervisor=self.hypervisor, **limits
        )
