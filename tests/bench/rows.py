"""Rows by the hundred thousand, copied inside PostgreSQL from one that the platform made."""

from dataclasses import dataclass
from typing import Any

from django.contrib.auth.models import Group
from django.db import connection
from django.db.models import Model

from apps.accounts.factories import AccountFactory, ApiKeyPairFactory, DomainFactory, ProjectFactory, UserFactory
from apps.accounts.models import Account, Domain, Project, ProjectMember, User
from apps.compute.factories import MachineRows
from apps.compute.models import Nic, VirtualMachine, VolumeAttachment
from apps.infrastructure.models import Zone
from apps.metadata.models import ResourceTag
from apps.metadata.models.tag import pair_columns
from apps.network.models import Network
from apps.network.states import AclType, GuestType
from apps.storage.models import Volume
from cloudstack.framework.events.models import Event
from cloudstack.framework.jobs import AsyncJob
from cloudstack.testing.api import ApiClient
from tests.support.cloud import SimulatedCloud, client_of

PROJECTS = 50
DOMAINS = 10
NEW_UUID = "gen_random_uuid()"
RARE = 100
"""One row of so many is in the second zone, carries the tag, and has the rare state."""


@dataclass(frozen=True)
class Holding:
    """Who owns the rows, and what the questions name."""

    tenant: ApiClient
    domain_admin: ApiClient
    zone: Zone
    rows: int


def fill(cloud: SimulatedCloud, *, rows: int, accounts: int) -> Holding:
    """``rows`` machines with a card and a disk each, networks, events, jobs and accounts.

    All but the accounts belong to ``accounts`` of them and to some projects, in ten domains with one below each.
    """
    tops = [DomainFactory(name=f"d{number}") for number in range(DOMAINS)]
    domains = tops + [DomainFactory(name="below", parent=top) for top in tops]
    tenants = _tenants(domains, rows)
    projects = [ProjectFactory(domain=domains[number % len(domains)]).account for number in range(PROJECTS)]
    ProjectMember.objects.bulk_create(
        ProjectMember(project=project, account=tenants[place])
        for place, project in enumerate(Project.objects.filter(account__in=projects))
    )
    owned = _Owned(tenants[:accounts] + projects)
    zone = _like(cloud.zone, name="far")
    rare = {"zone_id": f"CASE WHEN n % {RARE} = 0 THEN {zone.pk} ELSE {cloud.zone.pk} END"}

    machine = MachineRows(cloud.zone, cloud.template, cloud.offering).machine(tenants[0], "vm-0")
    machine.save()
    named = {"name": "'vm-' || n", "display_name": "'machine ' || n"}
    state = f"CASE WHEN n % {RARE} = 1 THEN 'Running' ELSE 'Stopped' END"
    vms = copies(machine, rows - 1, **owned.columns, **named, **rare, state=state)
    card = Nic.objects.create(vm=machine, network=cloud.network, device_id=0, mac="02:00:00:00:00:00", is_default=True)
    octets = "((n >> 16) & 255) || '.' || ((n >> 8) & 255) || '.' || (n & 255)"
    mac = "'02:' || regexp_replace(lpad(to_hex(n), 10, '0'), '(..)(?=.)', '\\1:', 'g')"
    copies(card, rows - 1, vm_id=f"{vms} + n", mac=mac, ipv4=f"'10.' || {octets}", hostname="'vm-' || n")

    disk = Volume.objects.create(
        account=tenants[0], domain_id=tenants[0].domain_id, name="ROOT-0", type="ROOT", size_bytes=1 << 30,
        zone=cloud.zone, template=cloud.template, disk_offering=cloud.disk_offering, state="Ready",
    )  # fmt: skip
    state = f"CASE WHEN n % {RARE} = 1 THEN 'Destroy' ELSE 'Ready' END"
    disks = copies(disk, rows - 1, **owned.columns, **rare, name="'ROOT-' || n", state=state)
    slot = VolumeAttachment.objects.create(volume=disk, vm=machine, device_id=0)
    copies(slot, rows - 1, volume_id=f"{disks} + n", vm_id=f"{vms} + n")

    network = _like(cloud.network, name="net-0", guest_type=GuestType.ISOLATED, acl_type=AclType.ACCOUNT, vni=None,
                    access_domain_id=None, account_id=tenants[0].pk, domain_id=tenants[0].domain_id)  # fmt: skip
    state = f"CASE WHEN n % {RARE} = 1 THEN 'Implemented' ELSE 'Allocated' END"
    nets = copies(
        network, rows - 1, **owned.columns, **rare, name="'net-' || n", display_text="'net ' || n", state=state
    )

    for model, first in ((VirtualMachine, vms), (Volume, disks), (Network, nets)):
        _tag(model, first, rows // RARE - 1, owned)
    _history(owned, rows)
    keys = ApiKeyPairFactory(user=User.objects.get(account=tenants[0]))
    copies(keys, accounts - 1, user_id=f"{keys.user_id} + n", api_key="'bench-key-' || n")
    admin = client_of(AccountFactory(domain=tops[3], domain_admin=True))
    tenant = client_of(tenants[7])
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE")
    return Holding(tenant, admin, zone, rows)


class _Owned:
    """Columns of rows that belong to the accounts in turn."""

    def __init__(self, accounts: list[Account]):
        self.accounts = accounts
        pks, domains, uuids = (
            ",".join(str(value) for value in values)
            for values in (
                [account.pk for account in accounts],
                [account.domain_id for account in accounts],
                [f"'{account.uuid}'" for account in accounts],
            )
        )
        place = f"[1 + n % {len(accounts)}]"
        self.account = f"(ARRAY[{pks}]){place}"
        self.domain = f"(ARRAY[{domains}]){place}"
        self.account_uuid = f"(ARRAY[{uuids}]::uuid[]){place}"
        self.columns = {"account_id": self.account, "domain_id": self.domain}


def _tenants(domains: list[Domain], rows: int) -> list[Account]:
    first = AccountFactory(name="a0", domain=domains[0])
    groups = copies(Group.objects.create(name="bench"), rows - 1, name="'bench:' || n")
    places = ",".join(str(domain.pk) for domain in domains)
    state = f"CASE WHEN n % {RARE} = 1 THEN 'locked' ELSE 'enabled' END"
    copies(first, rows - 1, name="'a' || n", group_id=f"{groups} + n", state=state,
           domain_id=f"(ARRAY[{places}])[1 + n % {len(domains)}]")  # fmt: skip
    tenants = list(Account.objects.filter(pk__gte=first.pk).order_by("pk")[:rows])
    user = UserFactory(account=first)
    copies(user, rows - 1, username="'user-of-a' || n", account_id=f"{first.pk} + n",
           domain_id=f"(ARRAY[{places}])[1 + n % {len(domains)}]")  # fmt: skip
    return tenants


def _tag(model: type[Model], first: int, count: int, owned: _Owned) -> None:
    target = model._meta.db_table
    kind = {"virtualmachine": "UserVm", "volume": "Volume", "network": "Network"}[str(model._meta.model_name)]
    one: Any = model._base_manager.get(pk=first)
    tag = ResourceTag.objects.create(
        kind=kind, object_id=one.pk, object_uuid=one.uuid, account=one.account, domain=one.domain,
        **pair_columns("stage", "production"),
    )  # fmt: skip
    pk = f"{first} + n * {RARE}"

    def of_object(column: str) -> str:
        return f"(SELECT {column} FROM {target} WHERE id = {pk})"

    columns = {name: of_object(name) for name in ("account_id", "domain_id")}
    copies(tag, count, object_id=pk, object_uuid=of_object("uuid"), **columns)


def _history(owned: _Owned, rows: int) -> None:
    """Events and finished jobs of machines."""
    user = User.objects.get(account=owned.accounts[0])
    caused = {"user_id": f"{user.pk} + n % {len(owned.accounts) - PROJECTS}"}
    vm = VirtualMachine.objects.order_by("pk")[0]
    of_vm = f"(SELECT uuid FROM {VirtualMachine._meta.db_table} WHERE id = {vm.pk} + n - 1)"
    event = Event.objects.create(
        type="VM.START", description="Started", user=user, account_uuid=owned.accounts[0].uuid,
        resource_type="VirtualMachine", resource_uuid=vm.uuid, resource_name=vm.name,
    )  # fmt: skip
    kind = f"CASE WHEN n % {RARE} = 1 THEN 'VM.STOP' ELSE 'VM.START' END"
    state = f"CASE WHEN n % {RARE} = 2 THEN 'Started' ELSE 'Completed' END"
    past = f"now() - ({rows} - n) * interval '1 minute'"
    copies(event, rows - 1, **caused, account_uuid=owned.account_uuid, resource_uuid=of_vm, resource_name="'vm-' || n",
           type=kind, state=state, created=past)  # fmt: skip
    job = AsyncJob.objects.create(
        name="compute.vm.start", description="Start", user=user, account_uuid=owned.accounts[0].uuid,
        command="startVirtualMachine", resource_type="VirtualMachine", resource_uuid=vm.uuid,
        status=AsyncJob.Status.SUCCEEDED, started=event.created, completed=event.created,
    )  # fmt: skip
    copies(job, rows - 1, **caused, account_uuid=owned.account_uuid, resource_uuid=of_vm, created=past,
           command=f"CASE WHEN n % {RARE} = 1 THEN 'stopVirtualMachine' ELSE 'startVirtualMachine' END")  # fmt: skip


def _like(row: Any, **changes: Any) -> Any:
    """One more row like this one but for ``changes``."""
    columns = {field.attname: getattr(row, field.attname) for field in row._meta.concrete_fields}
    for own in ("id", "uuid"):
        del columns[own]
    return type(row)._base_manager.create(**columns | changes)


def copies(row: Model, count: int, **columns: str) -> int:
    """``count`` rows like ``row``, which differ in ``columns``: SQL in which ``n`` counts from 1. UUIDs are new.

    Gives the key to which ``n`` is added to have that of a copy.
    """
    fields = {field.column: f"t.{field.column}" for field in row._meta.concrete_fields if not field.primary_key}
    if "uuid" in fields:
        fields["uuid"] = NEW_UUID
    unknown = set(columns) - set(fields)
    if unknown:
        raise ValueError(f"{row._meta.label} has no column {', '.join(sorted(unknown))}")
    fields.update(columns)
    table, key = row._meta.db_table, row._meta.pk.column
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO {table} ({', '.join(f'{chr(34)}{name}{chr(34)}' for name in fields)}) "
            f"SELECT {', '.join(fields.values())} FROM {table} t, generate_series(1, {int(count)}) n "
            f"WHERE t.{key} = {int(row.pk)} ORDER BY n"
        )
        cursor.execute(f"SELECT max({key}) FROM {table}")
        return int(cursor.fetchone()[0]) - count
