"""The kinds of objects that search knows: what names each, who may look for it, and which addresses lead to it."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, cached_property
from typing import Any

from django.db.models import F, Model, Q, QuerySet, Value
from django.utils.text import capfirst

from apps.accounts.models import Account, Domain, Project, Role, User
from apps.compute.models import (
    AffinityGroup,
    InstanceGroup,
    Nic,
    ServiceOffering,
    SshKeyPair,
    UserData,
    VirtualMachine,
)
from apps.infrastructure.models import Cluster, Host, Pod, Zone
from apps.metadata.kinds import names_of
from apps.network.models import IpAllocation, Network, NetworkOffering, PhysicalNetwork, PublicIpAddress
from apps.network.states import PublicIpState
from apps.storage.models import ISO, DiskOffering, ImageStore, Iso, StoragePool, Template, Volume
from cloudstack.api import Access, authentication, entities, registry
from cloudstack.framework.context import Caller
from cloudstack.framework.jobs.models import AsyncJob
from cloudstack.framework.search import ContainsIndex

Addressed = Callable[[str, str], Q]
"""From a lookup (``named`` or ``begins``) and an address to the objects that have it."""
_STATES = ("state", "status", "allocation_state")


@dataclass(frozen=True, kw_only=True)
class Kind:
    """A kind of objects. It is looked for in those of its columns that have indexes for text.

    ``command`` is the list whose role rule says who may look; without one only root admins do. ``admins``: only who
    administers others finds it. ``others`` narrows what is found by whoever is no root admin, as the list does.
    ``holds`` tells its objects from others of the same table.
    """

    model: type[Model]
    command: str = ""
    title: str = "name"
    addresses: dict[str, Addressed] | None = None
    """``ip`` and ``mac``: how such addresses lead to objects."""
    admins: bool = False
    others: Q | None = None
    holds: Q | None = None

    @property
    def key(self) -> str:
        """How programs call it: the name of the model."""
        return str(self.model._meta.object_name)

    @property
    def label(self) -> str:
        return capfirst(str(self.model._meta.verbose_name))

    @property
    def plural(self) -> str:
        return capfirst(str(self.model._meta.verbose_name_plural))

    @cached_property
    def indexes(self) -> dict[str, str]:
        """Columns that are looked in → the index that serves text inside of them."""
        known = self.model._meta.concrete_model._meta.indexes if self.model._meta.concrete_model else ()
        return {index.fields[0]: index.name for index in known if isinstance(index, ContainsIndex)}

    @cached_property
    def tag_kinds(self) -> list[str]:
        """What tags call its objects."""
        return names_of(self.model, part="tags")

    def scope(self, caller: Caller) -> QuerySet[Any] | None:
        """The objects that ``caller`` may find; None when there are none for him, whatever they are called."""
        if self.command:
            command = registry.get(self.command)
            if (self.admins and not caller.is_admin) or not authentication.is_allowed(caller, command):
                return None
            caller = authentication.acting(caller, command)
        elif not caller.is_root_admin:
            return None
        rows = entities.entity_for(self.model).scope(caller=caller, access=Access.USE)
        if self.holds is not None:
            rows = rows.filter(self.holds)
        if self.others is not None and not caller.is_root_admin:
            rows = rows.filter(self.others)
        return rows.order_by()

    def shown(self) -> list[Any]:
        """Columns of a result: UUID, name, state, account, path of the domain, zone; empty where it has none."""
        fields = {field.name: field for field in self.model._meta.concrete_fields}
        state = next((F(name) for name in _STATES if name in fields), _EMPTY)
        account = F("account__name") if "account" in fields else _EMPTY
        domain = F("domain__path") if "domain" in fields else F("path") if self.model is Domain else _EMPTY
        zone = F("zone__name") if "zone" in fields else F("pod__zone__name") if "pod" in fields else _EMPTY
        return [F("uuid"), F(self.title) if self.title in fields else _EMPTY, state, account, domain, zone]


_EMPTY = Value("")


def _by_card(column: str) -> Addressed:
    return lambda lookup, text: Q(pk__in=Nic.objects.filter(**{f"{column}__{lookup}": text}).order_by().values("vm"))


def _by_secondary(lookup: str, text: str) -> Q:
    held = IpAllocation.objects.filter(**{f"address__{lookup}": text}, purpose="secondary").values("holder_uuid")
    return Q(pk__in=Nic.objects.filter(uuid__in=held).order_by().values("vm"))


def _own(column: str) -> Addressed:
    return lambda lookup, text: Q(**{f"{column}__{lookup}": text})


KINDS: tuple[Kind, ...] = (
    Kind(
        model=VirtualMachine, command="listVirtualMachines", others=Q(is_displayed=True),
        addresses={"ip": _by_card("ipv4"), "secondary": _by_secondary, "mac": _by_card("mac")},
    ),
    Kind(model=Volume, command="listVolumes"),
    Kind(model=Network, command="listNetworks"),
    Kind(
        model=PublicIpAddress, command="listPublicIpAddresses", title="address",
        others=~Q(state=PublicIpState.FREE), addresses={"ip": _own("address")},
    ),
    Kind(model=Host, command="listHosts", addresses={"ip": _own("private_ip")}),
    Kind(model=Zone, command="listZones"),
    Kind(model=Pod, command="listPods"),
    Kind(model=Cluster, command="listClusters"),
    Kind(model=StoragePool, command="listStoragePools"),
    Kind(model=ImageStore, command="listImageStores"),
    Kind(model=Template, command="listTemplates", holds=~Q(format=ISO)),
    Kind(model=Iso, command="listIsos"),
    Kind(model=Account, command="listAccounts"),
    Kind(model=User, command="listUsers", title="username", admins=True),
    Kind(model=Project, command="listProjects"),
    Kind(model=Domain, command="listDomains"),
    Kind(model=Role, command="listRoles"),
    Kind(model=ServiceOffering, command="listServiceOfferings"),
    Kind(model=DiskOffering, command="listDiskOfferings"),
    Kind(model=NetworkOffering, command="listNetworkOfferings"),
    Kind(model=PhysicalNetwork, command="listPhysicalNetworks"),
    Kind(model=SshKeyPair, command="listSSHKeyPairs"),
    Kind(model=InstanceGroup, command="listInstanceGroups"),
    Kind(model=AffinityGroup, command="listAffinityGroups"),
    Kind(model=UserData, command="listUserData"),
    Kind(model=AsyncJob, command="listAsyncJobs", title="description"),
)  # fmt: skip
"""In the order in which results are shown."""


@cache
def all_kinds() -> tuple[Kind, ...]:
    """Those above, then every other public entity, which is found by its UUID, and by root admins alone."""
    known = {kind.model for kind in KINDS}
    return (*KINDS, *(Kind(model=entity.model) for entity in entities.all_entities() if entity.model not in known))
