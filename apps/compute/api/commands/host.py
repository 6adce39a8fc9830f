"""Commands on hosts that also name what stands above hosts: machines, guest operating systems."""

from typing import Any

from django.db.models import QuerySet

from apps.compute.api.responses.host import HostForMigrationResponse
from apps.compute.models import VirtualMachine
from apps.compute.selectors.hosts import hosts_for_machine
from apps.compute.services.hosts import migration_targets
from apps.compute.states import VmState
from apps.infrastructure.api.commands.host import HostListCmd, TagList
from apps.infrastructure.api.responses.host import HostResponse
from apps.infrastructure.api.responses.metrics import HostMetricsResponse
from apps.infrastructure.models import Host
from apps.infrastructure.selectors import hosts_visible_to
from apps.infrastructure.services.host import HostManager
from apps.storage.models import GuestOsCategory
from cloudstack.api import ROOT, Access, BaseCmd, BaseListCmd, Choice, Map, Ref, Str
from cloudstack.api.listing import Page
from cloudstack.framework.errors import InvalidParameter


class ListHosts(HostListCmd):
    """Lists hosts; for a machine, those of its cluster, and whether they have room for it."""

    response = HostResponse

    vm = Ref(
        "virtualmachineid",
        VirtualMachine,
        help="hosts of the cluster of this machine; hasenoughcapacity tells whether it would fit",
    )

    def queryset(self) -> QuerySet[Host]:
        hosts: QuerySet[Host] = super().queryset()
        return hosts_for_machine(hosts, self.vm) if self.vm else hosts

    def execute(self) -> Page:
        page = super().execute()
        if self.vm is not None:
            survey = migration_targets(self.vm)
            for row in page.rows:
                if "hasenoughcapacity" in row and "id" in row:
                    row["hasenoughcapacity"] = row["id"] not in survey.reasons
        return page


class ListHostsMetrics(ListHosts):
    """Lists hosts with figures on how busy they are."""

    roles = ROOT
    response = HostMetricsResponse


class FindHostsForMigration(BaseListCmd):
    """Lists the hosts to which a running machine could be moved, and why the others do not suit."""

    roles = ROOT
    response = HostForMigrationResponse
    keyword_fields = ("name", "private_ip", "cluster__name")
    ordering = ("name", "id")
    id_filter = None
    ids_filter = None

    vm = Ref("virtualmachineid", VirtualMachine, required=True, select_related=["host"], help="the machine")

    def queryset(self) -> QuerySet[Host]:
        if self.vm.state != VmState.RUNNING:
            raise InvalidParameter(
                f"machine {self.vm} is {self.vm.state}; only a running one is moved", parameter="virtualmachineid"
            )
        hosts = hosts_visible_to(caller=self.caller)
        return hosts.filter(zone=self.vm.zone_id, hypervisor=self.vm.hypervisor).exclude(pk=self.vm.host_id)

    def execute(self) -> Page:
        page = super().execute()
        survey = migration_targets(self.vm)
        known = {host.uuid: host for host in survey.hosts}
        for row in page.rows:
            row.update(self._judged(row.get("id", ""), known, survey))
        return page

    def _judged(self, uuid: str, known: dict[str, Any], survey: Any) -> dict[str, Any]:
        reason = survey.reasons.get(uuid)
        host = known.get(uuid)
        seen = host is not None and survey.pool_uuids <= host.pool_uuids
        judged: dict[str, Any] = {"suitableformigration": reason is None and seen, "requiresStorageMotion": not seen}
        if not judged["suitableformigration"]:
            judged["unsuitablereason"] = reason or "cannot reach the machine's storage"
        return judged


class UpdateHost(BaseCmd):
    """Changes a host, enables or disables it; what is not given stays."""

    roles = ROOT
    response = HostResponse

    host = Ref("id", Host, access=Access.MODIFY, required=True, help="the host")
    new_name = Str("name", help="new name")
    allocation_state = Choice("allocationstate", ("Enable", "Disable", "Enabled", "Disabled"), help="takes machines")
    tags = TagList("hosttags", Str, help="tags that offerings may ask for; empty takes them all away")
    url = Str("url", max_length=1024, help="new address; takes effect with reconnectHost")
    guest_os_category = Ref("oscategoryid", GuestOsCategory, help="guests of this category come here first")
    annotation = Str("annotation", max_length=1024, help="a note")
    details = Map("externaldetails", help="options for the driver")

    def execute(self):
        columns = ("tags", "url", "annotation", "details", "guest_os_category")
        changes = {name: getattr(self, name) for name in columns if self.given(name)}
        if self.given("new_name"):
            changes["name"] = self.new_name
        enabled = self.allocation_state.startswith("Enable") if self.allocation_state else None
        return HostManager().update(caller=self.caller, host=self.host, enabled=enabled, **changes)
