"""Lists cost the same few statements whatever their length, authentication included."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from apps.compute.factories import (
    MachineRows,
    affinity_group,
    instance_group,
    service_offering,
    ssh_key_pair,
    user_data,
)
from apps.compute.models import AffinityMembership, Nic, VirtualMachine
from cloudstack.framework.events.bus import publish
from cloudstack.testing.api import ApiClient

from .conftest import Cloud

MOST = 3
MORE = {"listVirtualMachines": 5}
"""Machines are shown with their cards, affinity groups and tags."""


def machines(cloud: Cloud, count: int) -> None:
    """More machines with cards, offerings, keys and events of the tenant."""
    known = VirtualMachine.objects.count()
    MachineRows(cloud.zone, cloud.template, cloud.offering).create([cloud.account], count)
    for number, vm in enumerate(VirtualMachine.objects.order_by("pk")[known:], start=known):
        for slot in (0, 1):
            Nic.objects.create(
                vm=vm, network=cloud.network, device_id=slot, mac=f"02:00:00:00:{slot:02x}:{number:02x}",
                hostname=f"h-{number}-{slot}", is_default=not slot,
            )  # fmt: skip
        offering = service_offering(f"offering-{number}")
        offering.domains.add(cloud.account.domain)
        offering.zones.add(cloud.zone)
        ssh_key_pair(cloud.account, f"key-{number}")
        user_data(cloud.account, f"data-{number}")
        vm.group = instance_group(cloud.account, f"group-{number}")
        vm.save(update_fields=["group"])
        AffinityMembership.objects.create(group=affinity_group(cloud.account, f"affinity-{number}"), vm=vm)
        publish("VM.START", description="x", account_uuid=cloud.account.uuid, resource=vm)


LISTS = {
    "listVirtualMachines": {"listall": True, "page": 1, "pagesize": 500},
    "listServiceOfferings": {"page": 1, "pagesize": 500},
    "listSSHKeyPairs": {"listall": True},
    "listAffinityGroups": {"listall": True},
    "listInstanceGroups": {"listall": True},
    "listEvents": {"listall": True, "page": 1, "pagesize": 500},
    "listNics": {},
    "listConfigurations": {},
    "listEventTypes": {},
}


@pytest.mark.parametrize("command", LISTS)
@pytest.mark.parametrize("who", ["root", "domain admin", "user"])
def test_statements_are_few_and_constant(cloud: Cloud, command: str, who: str) -> None:
    client: ApiClient = {"root": cloud.admin, "domain admin": cloud.sales_admin, "user": cloud.api}[who]
    if command == "listConfigurations" and who != "root":
        pytest.skip("for the operator only")
    machines(cloud, 2)
    params: dict[str, Any] = dict(LISTS[command])
    if command == "listNics":
        params["virtualmachineid"] = VirtualMachine.objects.order_by("pk")[0].uuid
    client.call(command, **params)  # settings and role rules are read once per process
    before = counted(lambda: client.call(command, **params))
    machines(cloud, 12)
    after = counted(lambda: client.call(command, **params))
    assert len(after) == len(before) <= MORE.get(command, MOST), "\n".join(after)


def counted(call: Callable[[], Any]) -> list[str]:
    with CaptureQueriesContext(
        connection,
    ) as captured:
        call()
    return [json.dumps(query["sql"])[:400] for query in captured]
