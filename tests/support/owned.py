"""What can belong to somebody, and how the tests make one of each kind."""

from collections.abc import Callable

from django.db.models import Model

from apps.accounts.factories import ApiKeyPairFactory, ApiTokenFactory, project_of
from apps.accounts.models import (
    Account,
    ApiKeyPair,
    ApiToken,
    Domain,
    Project,
    ProjectInvitation,
    ProjectRole,
    ProjectRolePermission,
    User,
)
from apps.compute.factories import (
    MachineRows,
    affinity_group,
    console_session,
    instance_group,
    service_offering,
    user_data,
    vm_schedule,
)
from apps.compute.models import AffinityGroup, ConsoleSession, InstanceGroup, Nic, UserData, VirtualMachine, VmSchedule
from apps.metadata.factories import note
from apps.metadata.models import Annotation
from apps.network.factories import NetworkFactory, firewall_rule, public_address
from apps.network.models import IpAllocation, Network, NetworkRule, PublicIpAddress
from apps.network.services.addresses import hold_address
from apps.network.states import IpPurpose
from apps.notifications.factories import delivery, webhook
from apps.notifications.models import Webhook, WebhookDelivery
from apps.storage.factories import TemplateFactory, VolumeFactory
from apps.storage.models import Iso, Template, Volume
from cloudstack.framework.events.bus import publish
from cloudstack.framework.events.models import Event
from cloudstack.framework.jobs.models import AsyncJob
from cloudstack.testing.plugin_models import owned_by_plugins, unowned_by_plugins


def machine(owner: User) -> VirtualMachine:
    volume = VolumeFactory(account=owner.account)
    rows = MachineRows(volume.zone, TemplateFactory(account=owner.account), service_offering(f"of {owner.username}"))
    made = rows.machine(owner.account, "secret", user=owner)
    made.save()
    return made


def card(owner: User) -> Nic:
    network = NetworkFactory(account=owner.account)
    return Nic.objects.create(
        vm=machine(owner), network=network, device_id=0, mac="02:00:00:00:00:01", ipv4="10.1.1.5", is_default=True
    )


def further_address(owner: User) -> IpAllocation:
    nic = card(owner)
    return hold_address(network=nic.network, holder_uuid=nic.uuid, purpose=IpPurpose.SECONDARY)


def project(owner: User) -> Project:
    """The one that a caller made of ``owner`` is in, if there is one already."""
    return Project.objects.filter(members__account=owner.account).first() or project_of(owner.account)


def role_in_project(owner: User) -> ProjectRole:
    return ProjectRole.objects.create(project=project(owner), name=f"secret {owner.username}")


def rule_in_project(owner: User) -> ProjectRolePermission:
    role, _ = ProjectRole.objects.get_or_create(project=project(owner), name=f"narrow {owner.username}")
    return ProjectRolePermission.objects.create(role=role, rule="list*", permission="allow")


def invitation(owner: User) -> ProjectInvitation:
    return ProjectInvitation.objects.create(project=project(owner), email="guest@example.org")


OWNED: dict[type[Model], Callable[[User], Model]] = {
    Domain: lambda owner: owner.domain,
    Account: lambda owner: owner.account,
    User: lambda owner: owner,
    ApiKeyPair: lambda owner: ApiKeyPairFactory(user=owner),
    ApiToken: lambda owner: ApiTokenFactory(user=owner),
    Project: project,
    ProjectRole: role_in_project,
    ProjectRolePermission: rule_in_project,
    ProjectInvitation: invitation,
    Network: lambda owner: NetworkFactory(account=owner.account),
    PublicIpAddress: lambda owner: public_address(owner.account),
    Iso: lambda owner: Iso.objects.get(pk=TemplateFactory(account=owner.account, format="ISO").pk),
    Template: lambda owner: TemplateFactory(account=owner.account),
    Volume: lambda owner: VolumeFactory(account=owner.account),
    VirtualMachine: machine,
    Nic: card,
    IpAllocation: further_address,
    NetworkRule: lambda owner: firewall_rule(owner.account),
    VmSchedule: lambda owner: vm_schedule(machine(owner)),
    ConsoleSession: lambda owner: console_session(machine(owner), owner),
    AffinityGroup: lambda owner: affinity_group(owner.account),
    InstanceGroup: lambda owner: instance_group(owner.account),
    UserData: lambda owner: user_data(owner.account),
    Annotation: lambda owner: note(VolumeFactory(account=owner.account), "VOLUME", "secret", owner),
    Event: lambda owner: publish("VM.START", description="x", account_uuid=owner.account.uuid, user_id=owner.pk),
    Webhook: lambda owner: webhook(owner.account),
    WebhookDelivery: lambda owner: delivery(owner.account),
    AsyncJob: lambda owner: AsyncJob.objects.create(name="x", user=owner, account_uuid=owner.account.uuid),
    **owned_by_plugins(),
}
"""Kind of object → how to make one for a user."""

UNOWNED = {
    "Alert", "Cluster", "ClusterDrsPlan", "Dedication", "DiskOffering", "GuestOs", "GuestOsCategory",
    "GuestVlanRange", "Host", "HypervisorCapabilities", "ImageStore", "ManagementServer", "NetworkOffering",
    "NetworkServiceProvider", "PhysicalNetwork", "PhysicalNetworkTrafficType", "Pod", "Role",
    "RolePermission", "ServiceOffering", "StoragePool", "VirtualMachinePlacement", "VlanIpRange", "Zone", "ZoneSetup",
    *(model.__name__ for model in unowned_by_plugins()),
}  # fmt: skip
"""The platform's own; who sees them is for the tests of their apps."""
BY_NAME = {"SshKeyPair"}
"""Named by their owner's account and a name, never by UUID."""
