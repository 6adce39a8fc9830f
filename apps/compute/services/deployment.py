"""What a deployment asks for, checked: everything that can be refused is refused here, before any row exists."""

import re
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from apps.accounts.models import Account, Project
from apps.accounts.selectors import projects_visible_to
from apps.compute.models import AffinityGroup, ServiceOffering, SshKeyPair, UserData, VirtualMachine
from apps.compute.services.affinity_group import check_groups
from apps.compute.services.attachment import check_data_disks
from apps.compute.services.passwords import check_password
from apps.infrastructure.models import Cluster, Host, Pod, Zone
from apps.infrastructure.states import AllocationState
from apps.network.models import Network
from apps.network.selectors.networks import open_to_domain
from apps.network.states import AclType, NetworkState
from apps.storage.models import DiskOffering, Template, TemplateZone
from apps.storage.states import TemplateState
from cloudstack.api.roles import Access
from cloudstack.framework.context import Caller
from cloudstack.framework.errors import InvalidParameter, PermissionDenied
from cloudstack.framework.secrets import Secret

HOST_NAME = re.compile(r"[A-Za-z](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?")
MAX_NICS = 8


@dataclass(frozen=True, kw_only=True)
class NicRequest:
    """A card asked for: its network and, if the user names them, its addresses."""

    network: Network
    ipv4: str = ""
    mac: str = ""


@dataclass(frozen=True, kw_only=True)
class DataDisk:
    """A data disk asked for; ``slot`` is chosen if left out."""

    offering: DiskOffering
    size_gib: int | None = None
    slot: int | None = None


@dataclass(frozen=True, kw_only=True)
class DeployRequest:
    """A machine asked for. Sizes in GiB; ``user_data`` is base64 text."""

    owner: Account
    zone: Zone
    template: Template
    service_offering: ServiceOffering
    name: str = ""
    display_name: str = ""
    nics: Sequence[NicRequest] = ()
    vm_uuid: uuid.UUID | None = None
    """The machine's UUID, where a root admin gives it one."""
    data_disks: Sequence[DataDisk] = ()
    hypervisor: str = ""
    """For an ISO, which does not say it."""
    root_offering: DiskOffering | None = None
    """Another kind of root disk than the service offering's."""
    root_disk_gib: int | None = None
    user_data: str = field(default="", repr=False)
    user_data_source: UserData | None = None
    user_data_details: Mapping[str, str] = field(default_factory=dict, repr=False)
    password: Secret | None = None
    key_pairs: Sequence[SshKeyPair] = ()
    group: str = ""
    """Name of an instance group; it is made when the owner has none of that name."""
    affinity_groups: Sequence[AffinityGroup] = ()
    host: Host | None = None
    cluster: Cluster | None = None
    pod: Pod | None = None
    start: bool = True
    displayed: bool = True
    dynamically_scalable: bool = False
    ha_enabled: bool = False
    lease_days: int | None = None
    lease_action: str | None = None
    copy_template_tags: bool = False
    details: Mapping[str, str] = field(default_factory=dict)

    @property
    def runs_on(self) -> str:
        """The hypervisor of the machine."""
        return self.template.hypervisor or self.hypervisor


def check_name(name: str) -> str:
    """A host name as in RFC 952 and 1123: letters, digits and hyphens, at most 63. Raises ``InvalidParameter``."""
    if not HOST_NAME.fullmatch(name):
        raise InvalidParameter(
            f"name {name!r} is no host name: up to 63 letters, digits and hyphens, beginning with a letter "
            "and not ending with a hyphen",
            parameter="name",
        )
    return name


def check(request: DeployRequest, *, caller: Caller) -> None:
    """Raise what stands against the deployment; reads only."""
    zone, template = request.zone, request.template
    if zone.allocation_state != AllocationState.ENABLED:
        raise PermissionDenied(f"zone {zone} is disabled; machines are deployed there when it is enabled again")
    check_template(template, zone=zone)
    if template.is_iso:
        _check_iso(request)
    _check_place(request, caller)
    check_offering(request.service_offering, zone=zone, owner=request.owner)
    _check_root_offering(request)
    _check_uuid(request, caller)
    _check_networks(request)
    check_groups(request.owner, request.affinity_groups)
    if request.data_disks:
        check_data_disks(request.runs_on, len(request.data_disks), parameter="datadisksdetails")
    if request.name:
        check_name(request.name)
    check_password(request.template, request.password)


def _check_iso(request: DeployRequest) -> None:
    """A disc holds no disk: what the disk is like and what runs the machine must be said."""
    if not request.hypervisor:
        raise InvalidParameter(
            f"{request.template} is an ISO: name the hypervisor that runs the machine", parameter="hypervisor"
        )
    if request.root_offering is None:
        raise InvalidParameter(
            f"{request.template} is an ISO: name the disk offering of the root disk", parameter="diskofferingid"
        )


def check_template(template: Template, *, zone: Zone) -> None:
    """Raise ``InvalidParameter`` unless root disks in ``zone`` can be made from ``template``."""
    if template.state != TemplateState.ACTIVE:
        raise InvalidParameter(f"template {template} is {template.state}, not ready for use", parameter="templateid")
    if not template.is_cross_zone and not TemplateZone.objects.filter(template=template, zone=zone).exists():
        raise InvalidParameter(f"template {template} is not available in zone {zone}", parameter="templateid")
    if not template.bootable:
        raise InvalidParameter(f"template {template} holds no bootable system", parameter="templateid")


def _check_place(request: DeployRequest, caller: Caller) -> None:
    for parameter, place in (("hostid", request.host), ("clusterid", request.cluster), ("podid", request.pod)):
        if place is None:
            continue
        if not caller.is_root_admin:
            raise PermissionDenied(f"only root admins may choose a place; leave {parameter} out")
        zone_id = place.pod.zone_id if isinstance(place, Cluster) else place.zone_id
        if zone_id != request.zone.pk:
            raise InvalidParameter(f"{place} is not in zone {request.zone}", parameter=parameter)
    if request.host and request.host.hypervisor != request.runs_on:
        raise InvalidParameter(
            f"template {request.template} is for {request.runs_on}, host {request.host} is {request.host.hypervisor}",
            parameter="hostid",
        )


def check_offering(offering: ServiceOffering, *, zone: Zone, owner: Account) -> None:
    """Raise ``InvalidParameter`` unless machines of ``owner`` in ``zone`` may have ``offering``."""
    if offering.state != "Active":
        raise InvalidParameter(f"service offering {offering} is no longer offered", parameter="serviceofferingid")
    zones = set(offering.zones.values_list("pk", flat=True))
    if zones and zone.pk not in zones:
        raise InvalidParameter(
            f"service offering {offering} is not offered in zone {zone}", parameter="serviceofferingid"
        )
    domains = list(offering.domains.values_list("path", flat=True))
    if domains and not any(owner.domain.path.startswith(path) for path in domains):
        raise InvalidParameter(
            f"service offering {offering} is not offered to account {owner}", parameter="serviceofferingid"
        )


def _check_root_offering(request: DeployRequest) -> None:
    kind, fixed = request.root_offering, request.service_offering.disk_offering
    if kind is None or kind.pk == fixed.pk:
        return
    if fixed.size_is_strict:
        raise InvalidParameter(
            f"service offering {request.service_offering} fixes the kind of the root disk; "
            "leave overridediskofferingid out",
            parameter="overridediskofferingid",
        )
    if kind.is_custom and request.root_disk_gib is None:
        raise InvalidParameter(
            f"disk offering {kind} is custom: give rootdisksize in GiB", parameter="overridediskofferingid"
        )


def _check_uuid(request: DeployRequest, caller: Caller) -> None:
    if request.vm_uuid is None:
        return
    if not caller.is_root_admin:
        raise PermissionDenied("only root admins may give a machine its UUID; leave customid out", parameter="customid")
    if VirtualMachine.all_objects.filter(uuid=request.vm_uuid).exists():
        raise InvalidParameter(f"there is, or was, a machine with the UUID {request.vm_uuid}", parameter="customid")


def _check_networks(request: DeployRequest) -> None:
    if len(request.nics) > MAX_NICS:
        raise InvalidParameter(f"a machine has at most {MAX_NICS} network cards", parameter="networkids")
    seen: set[int] = set()
    for nic in request.nics:
        network = nic.network
        if network.pk in seen:
            raise InvalidParameter(f"network {network} is named twice", parameter="networkids")
        seen.add(network.pk)
        check_network(network, zone=request.zone, owner=request.owner)


def check_network(network: Network, *, zone: Zone, owner: Account) -> None:
    """Raise ``InvalidParameter`` unless machines of ``owner`` in ``zone`` may have a card in ``network``."""
    if network.zone_id != zone.pk:
        raise InvalidParameter(f"network {network} is not in zone {zone}", parameter="networkids")
    if network.state == NetworkState.DESTROY:
        raise InvalidParameter(f"network {network} is being deleted", parameter="networkids")
    if not may_use(owner, network):
        raise InvalidParameter(f"account {owner} may not use network {network}", parameter="networkids")


def may_use(owner: Account, network: Network) -> bool:
    """Whether it is a network of ``owner``, of everybody in a domain, or shared with ``owner``."""
    if network.acl_type != AclType.ACCOUNT or network.account_id == owner.pk:
        return True
    return owner.group.groupobjectpermission_set.filter(
        object_pk=str(network.pk), permission__codename="use_network"
    ).exists()


def project_of_networks(*, caller: Caller, networks: Sequence[Network]) -> Project | None:
    """The project that a deployment without an owner is for: that of its networks.

    There are clients that cannot say ``projectid``, and a machine in networks of a project can only be the project's.
    None where the caller's own account may use them, where there are several owners, or where the caller may not
    deploy in the project.
    """
    owners = {network.account_id for network in networks if network.acl_type == AclType.ACCOUNT}
    if len(owners) != 1 or owners == {caller.account_id}:
        return None
    own = Account.objects.select_related("group").get(pk=caller.account_id)
    if all(may_use(own, network) for network in networks):
        return None
    reach = projects_visible_to(caller=caller, access=Access.OPERATE).select_related("account")
    return reach.filter(account__in=owners).first()


def default_networks(owner: Account, zone: Zone) -> list[NicRequest]:
    """The network of a deployment that names none: the owner's only one in the zone, else the only shared one.

    Raises ``InvalidParameter`` when there is none or a choice to make.
    """
    usable = Network.objects.filter(zone=zone).exclude(state=NetworkState.DESTROY)
    own = list(usable.filter(account=owner, acl_type=AclType.ACCOUNT)[:2])
    found = own or list(usable.filter(open_to_domain(domain_id=owner.domain_id, domain_path=owner.domain.path))[:2])
    if len(found) != 1:
        what = "there are several networks" if found else "there is no network"
        raise InvalidParameter(
            f"{what} that account {owner} may use in zone {zone}; name one or more in networkids",
            parameter="networkids",
        )
    return [NicRequest(network=found[0])]


def default_name(vm_uuid: uuid.UUID) -> str:
    return f"VM-{vm_uuid}"
