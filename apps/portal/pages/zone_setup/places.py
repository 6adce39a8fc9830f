"""The zone itself, its pod and its cluster."""

from typing import Any

from django.db.models import Model

from apps.accounts.admin.badges import badge
from apps.accounts.admin.panels import Panel, link_to
from apps.accounts.models import Domain
from apps.infrastructure.api.commands.zone import CreateZone
from apps.infrastructure.models import Cluster, Pod, Zone
from apps.infrastructure.selectors import clusters_visible_to, pods_visible_to, zones_visible_to
from apps.infrastructure.states import AllocationState, NetworkType
from apps.portal.pages.zone_setup.forms import ParameterField, SectionForm
from apps.portal.pages.zone_setup.sections import Section, Shown, Work, uuid_of
from cloudstack.api.rest.forms import listings, offered
from cloudstack.framework.drivers import hypervisor_types

MOST_ROWS = 50
KINDS_NOT_BUILT = {
    "Advanced with security groups": "tenants are kept apart by networks of their own, not by filters on each card",
    "Basic": "every tenant would share one network; zones are Advanced only",
    "Edge": "zones without image storage are not built",
}
"""What other clouds of this kind offer, and why it cannot be chosen here."""


def zone_form(work: Work) -> type[SectionForm]:
    known = offered(CreateZone.params["domain"], work.caller, listings().get(Domain, ()))  # type: ignore[arg-type]
    domains = None if known is None else [("", "everybody"), *known]

    class ZoneForm(SectionForm):
        name = ParameterField("createZone", "name", "Name", "What users choose when they deploy a machine.")
        networktype = ParameterField(
            "createZone",
            "networktype",
            "Kind of zone",
            "Advanced: tenants have networks of their own, kept apart by VXLAN.",
            choices=[(kind, kind) for kind in NetworkType.values],
            refused={kind: why for kind, why in KINDS_NOT_BUILT.items() if kind not in NetworkType.values},
        )
        dns1 = ParameterField("createZone", "dns1", "First resolver of guests", "A DNS server that machines reach.")
        dns2 = ParameterField("createZone", "dns2", "Second resolver of guests", "Asked when the first is silent.")
        internaldns1 = ParameterField(
            "createZone", "internaldns1", "First resolver of the platform", "A DNS server that the hosts reach."
        )
        internaldns2 = ParameterField("createZone", "internaldns2", "Second resolver of the platform")
        guestcidraddress = ParameterField(
            "createZone",
            "guestcidraddress",
            "Addresses of isolated networks",
            "What a tenant's own network is given unless he says otherwise; they may all have the same.",
            initial="10.1.1.0/24",
        )
        domain = ParameterField("createZone", "domain", "DNS suffix of guests", "Such as cloud.example.org.")
        domainid = ParameterField(
            "createZone",
            "domainid",
            "Who may use it",
            "Of a domain: only accounts in it and below.",
            choices=domains,
        )
        localstorageenabled = ParameterField(
            "createZone",
            "localstorageenabled",
            "Disks of the hosts themselves",
            "Let volumes live on one host's disks.",
        )

    return ZoneForm


def make_zone(work: Work, form: SectionForm) -> Model:
    answer = work.call("createZone", **form.wire(), allocationstate=AllocationState.DISABLED.value)
    return zones_visible_to(caller=work.caller).get(uuid=uuid_of(answer))


def pod_form(work: Work) -> type[SectionForm]:
    class PodForm(SectionForm):
        name = ParameterField("createPod", "name", "Name", "Often the rack: what fails together.")
        gateway = ParameterField(
            "createPod", "gateway", "Gateway", "Of the subnet that the hosts of the pod are managed in.", required=True
        )
        netmask = ParameterField("createPod", "netmask", "Netmask", "Such as 255.255.255.0.", required=True)
        startip = ParameterField(
            "createPod", "startip", "First address", "Of those in this subnet that the platform may use for itself.",
            required=True,
        )  # fmt: skip
        endip = ParameterField("createPod", "endip", "Last address", required=True)

    return PodForm


def make_pod(work: Work, form: SectionForm) -> Model:
    answer = work.call("createPod", zoneid=work.made_zone.uuid, **form.wire())
    return pods_visible_to(caller=work.caller).get(uuid=uuid_of(answer))


def cluster_form(work: Work) -> type[SectionForm]:
    pods = [(str(pod.uuid), pod.name) for pod in pods_of(work)]
    drives = hypervisor_types()

    class ClusterForm(SectionForm):
        podid = ParameterField("addCluster", "podid", "Pod", choices=pods)
        clustername = ParameterField(
            "addCluster", "clustername", "Name", "Hosts in it share storage and swap machines."
        )
        hypervisor = ParameterField(
            "addCluster",
            "hypervisor",
            "Hypervisor",
            "What all its hosts run. Plugins bring others.",
            choices=[(one, one) for one in drives],
            initial="KVM" if "KVM" in drives else None,
        )
        arch = ParameterField("addCluster", "arch", "Processors")

    return ClusterForm


def make_cluster(work: Work, form: SectionForm) -> Model:
    answer = work.call("addCluster", zoneid=work.made_zone.uuid, clustertype="CloudManaged", **form.wire())
    return clusters_visible_to(caller=work.caller).get(uuid=uuid_of(answer))


def pods_of(work: Work) -> list[Pod]:
    return list(pods_visible_to(caller=work.caller).filter(zone=work.made_zone).order_by("-pk")[:MOST_ROWS])


def clusters_of(work: Work) -> list[Cluster]:
    """The newest first: what was made a moment ago is what the next step is about."""
    clusters = clusters_visible_to(caller=work.caller).filter(pod__zone=work.made_zone)
    return list(clusters.select_related("pod").order_by("-pk")[:MOST_ROWS])


def shown_zone(work: Work) -> Shown:
    zone: Zone | None = work.zone
    if zone is None:
        return Shown()
    row: list[Any] = [link_to(zone), zone.network_type, badge(zone.allocation_state), zone.dns1, zone.guest_cidr or "–"]
    columns = ["Zone", "Kind", "State", "Resolver of guests", "Isolated networks"]
    return Shown([Panel("The zone", columns, [row])])


def shown_pods(work: Work) -> Shown:
    rows = [
        [link_to(pod), badge(pod.allocation_state), pod.gateway or "–", f"{pod.start_ip}–{pod.end_ip}"]
        for pod in pods_of(work)
    ]
    return Shown([Panel("Pods", ["Pod", "State", "Gateway", "Addresses"], rows)] if rows else [])


def shown_clusters(work: Work) -> Shown:
    rows = [
        [link_to(one), link_to(one.pod), one.hypervisor, one.architecture, badge(one.allocation_state)]
        for one in clusters_of(work)
    ]
    return Shown([Panel("Clusters", ["Cluster", "Pod", "Hypervisor", "Processors", "State"], rows)] if rows else [])


ZONE = Section(
    key="zone", title="The zone", button="Make the zone", command="createZone", form=zone_form, make=make_zone,
    stays=False, when=lambda work: work.zone is None,
    intro="It takes no machines before you launch it.",
)  # fmt: skip
POD = Section(
    key="pod", title="Add a pod", button="Add the pod", command="createPod", form=pod_form, make=make_pod, stays=False
)
CLUSTER = Section(
    key="cluster", title="Add a cluster", button="Add the cluster", command="addCluster", form=cluster_form,
    make=make_cluster, stays=False,
)  # fmt: skip
