"""Tenants apart: every command × every reference × every kind of caller, made from the registry."""

from collections.abc import Callable
from typing import Any

import pytest
from django.db.models import Model

from apps.accounts.factories import (
    AccountFactory,
    ApiKeyPairFactory,
    ApiTokenFactory,
    DomainFactory,
    UserFactory,
    caller_for,
)
from apps.accounts.models import Account, ApiKeyPair, ApiToken, Domain, User
from apps.accounts.services.role_rules import forget_rules
from apps.compute.factories import MachineRows, affinity_group, instance_group, service_offering, user_data
from apps.compute.models import AffinityGroup, InstanceGroup, Nic, UserData, VirtualMachine
from apps.network.factories import NetworkFactory, public_address
from apps.network.models import IpAllocation, Network, PublicIpAddress
from apps.network.services.addresses import hold_address
from apps.network.states import IpPurpose
from apps.storage.factories import TemplateFactory, VolumeFactory
from apps.storage.models import Iso, Template, Volume
from cloudstack.api import registry
from cloudstack.api.dispatcher import dispatch
from cloudstack.api.entities import all_entities
from cloudstack.api.params import Ref, RefList
from cloudstack.framework.context import Caller
from cloudstack.framework.errors import CloudError, InvalidParameter
from cloudstack.framework.events.bus import publish
from cloudstack.framework.events.models import Event
from cloudstack.framework.jobs.models import AsyncJob

NOBODY = "00000000-0000-4000-8000-000000000000"


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


OWNED: dict[type[Model], Callable[[User], Model]] = {
    Domain: lambda owner: owner.domain,
    Account: lambda owner: owner.account,
    User: lambda owner: owner,
    ApiKeyPair: lambda owner: ApiKeyPairFactory(user=owner),
    ApiToken: lambda owner: ApiTokenFactory(user=owner),
    Network: lambda owner: NetworkFactory(account=owner.account),
    PublicIpAddress: lambda owner: public_address(owner.account),
    Iso: lambda owner: Iso.objects.get(pk=TemplateFactory(account=owner.account, format="ISO").pk),
    Template: lambda owner: TemplateFactory(account=owner.account),
    Volume: lambda owner: VolumeFactory(account=owner.account),
    VirtualMachine: machine,
    Nic: card,
    IpAllocation: further_address,
    AffinityGroup: lambda owner: affinity_group(owner.account),
    InstanceGroup: lambda owner: instance_group(owner.account),
    UserData: lambda owner: user_data(owner.account),
    Event: lambda owner: publish("VM.START", description="x", account_uuid=owner.account.uuid, user_id=owner.pk),
    AsyncJob: lambda owner: AsyncJob.objects.create(name="x", user=owner, account_uuid=owner.account.uuid),
}
"""What belongs to somebody, and how to make one."""

UNOWNED = {
    "Cluster", "DiskOffering", "GuestOs", "GuestOsCategory", "Host", "ImageStore", "NetworkOffering",
    "NetworkServiceProvider", "PhysicalNetwork", "PhysicalNetworkTrafficType", "Pod", "Role", "RolePermission",
    "ServiceOffering", "StoragePool", "VlanIpRange", "Zone",
}  # fmt: skip
"""The platform's own; who sees them is for the tests of their apps."""
BY_NAME = {"SshKeyPair"}
"""Named by their owner's account and a name, never by UUID."""

REFERENCES = [
    pytest.param(command, param, id=f"{command.name}-{param.wire}")
    for command in registry.all()
    for param in command.params.values()
    if isinstance(param, Ref | RefList) and param.model in OWNED
]
LISTS = [
    pytest.param(command, id=command.name)
    for command in registry.all()
    if command.is_list and command.response.model in OWNED
]


@pytest.fixture
def owner(db: None) -> User:
    forget_rules()
    return UserFactory(account=AccountFactory(domain=DomainFactory()))


@pytest.fixture(params=["user elsewhere", "user beside", "domain admin elsewhere"])
def stranger(request: pytest.FixtureRequest, owner: User) -> Caller:
    """Somebody who must not even learn that the owner's objects exist."""
    match request.param:
        case "user elsewhere":
            return caller_for(UserFactory())
        case "user beside":
            return caller_for(UserFactory(account=AccountFactory(domain=owner.domain)))
    return caller_for(UserFactory(account=AccountFactory(domain_admin=True)))


def sent(param: Any, uuid: Any) -> Any:
    return [str(uuid)] if isinstance(param, RefList) else str(uuid)


def test_every_entity_is_known_here() -> None:
    """A new entity is put into one of the tables above by hand."""
    names = {entity.model.__name__ for entity in all_entities()}
    assert names <= {model.__name__ for model in OWNED} | UNOWNED | BY_NAME


@pytest.mark.parametrize(("command", "param"), REFERENCES)
def test_what_belongs_to_others_does_not_exist(command: Any, param: Any, owner: User, stranger: Caller) -> None:
    if param.model is Domain and stranger.domain_id == owner.domain_id:
        pytest.skip("one's own domain")
    thing = OWNED[param.model](owner)
    with pytest.raises(InvalidParameter) as caught:
        param.resolve(sent(param, thing.uuid), caller=stranger)
    with pytest.raises(InvalidParameter) as nothing:
        param.resolve(sent(param, NOBODY), caller=stranger)
    assert caught.value.message.replace(str(thing.uuid), NOBODY) == nothing.value.message
    assert (caught.value.code, caught.value.parameter) == (431, param.wire)


@pytest.mark.parametrize(("command", "param"), REFERENCES)
def test_root_and_the_domains_admin_reach_it(command: Any, param: Any, owner: User) -> None:
    thing = OWNED[param.model](owner)
    above = caller_for(UserFactory(account=AccountFactory(domain_admin=True, domain=owner.domain)))
    root = caller_for(UserFactory(account=AccountFactory(root_admin=True)))
    for caller in (above, root):
        found = param.resolve(sent(param, thing.uuid), caller=caller)
        assert (found[0] if isinstance(found, list) else found).pk == thing.pk


@pytest.mark.parametrize("command", LISTS)
def test_lists_do_not_show_it(command: Any, owner: User, stranger: Caller) -> None:
    if not registry.allowed(stranger, command):
        pytest.skip("not for this role")
    if command.response.model is Domain and stranger.domain_id == owner.domain_id:
        pytest.skip("one's own domain")
    thing = OWNED[command.response.model](owner)
    wires = {param.key for param in command.params.values()}
    wide = {"listall": "true", "isrecursive": "true", "templatefilter": "all", "isofilter": "all"}
    wide = {name: value for name, value in wide.items() if name in wires}
    aims = [{}, {"id": str(thing.uuid)}, {"account": owner.account.name, "domainid": str(owner.domain.uuid)}]
    for aim in aims:
        params = {**wide, **{name: value for name, value in aim.items() if name in wires}}
        try:
            result = dispatch(command.name, params, stranger)
        except CloudError as error:
            assert error.code in (431, 531), error.message
            continue
        shown = {row.get("id") or row.get("jobid") for row in result.rows or []}
        assert str(thing.uuid) not in shown, f"{command.name} {params}"
