"""Every list of annotated objects says whether there are notes; details and icons stand where they belong."""

from collections.abc import Callable
from typing import Any

import pytest

from apps.accounts.api.attached import Annotated, Iconed, Tagged
from apps.compute.factories import instance_group, service_offering, ssh_key_pair, user_data
from apps.infrastructure.factories import ClusterFactory, HostFactory, PodFactory
from apps.metadata.factories import note
from apps.metadata.kinds import names_of
from apps.network.factories import NetworkOfferingFactory
from apps.storage.factories import DiskOfferingFactory, ImageStoreFactory, StoragePoolFactory
from cloudstack.api import registry

from .conftest import OBJECTS, Tenancy

NOTED: dict[str, tuple[str, Callable[[Tenancy], Any]]] = {
    "listVirtualMachines": ("VM", OBJECTS["UserVm"]),
    "listVolumes": ("VOLUME", OBJECTS["Volume"]),
    "listNetworks": ("NETWORK", OBJECTS["Network"]),
    "listTemplates": ("TEMPLATE", OBJECTS["Template"]),
    "listIsos": ("ISO", OBJECTS["ISO"]),
    "listZones": ("ZONE", OBJECTS["Zone"]),
    "listPublicIpAddresses": ("PUBLIC_IP_ADDRESS", OBJECTS["PublicIpAddress"]),
    "listPods": ("POD", lambda tenancy: PodFactory()),
    "listClusters": ("CLUSTER", lambda tenancy: ClusterFactory()),
    "listHosts": ("HOST", lambda tenancy: HostFactory()),
    "listDomains": ("DOMAIN", lambda tenancy: tenancy.domain),
    "listServiceOfferings": ("SERVICE_OFFERING", lambda tenancy: service_offering("small")),
    "listDiskOfferings": ("DISK_OFFERING", lambda tenancy: DiskOfferingFactory()),
    "listNetworkOfferings": ("NETWORK_OFFERING", lambda tenancy: NetworkOfferingFactory()),
    "listStoragePools": ("PRIMARY_STORAGE", lambda tenancy: StoragePoolFactory()),
    "listImageStores": ("SECONDARY_STORAGE", lambda tenancy: ImageStoreFactory()),
    "listSSHKeyPairs": ("SSH_KEYPAIR", lambda tenancy: ssh_key_pair(tenancy.account)),
    "listInstanceGroups": ("INSTANCE_GROUP", lambda tenancy: instance_group(tenancy.account)),
    "listUserData": ("USER_DATA", lambda tenancy: user_data(tenancy.account)),
}


@pytest.mark.parametrize("command", NOTED)
def test_a_list_says_whether_there_are_notes(tenancy: Tenancy, command: str) -> None:
    kind, make = NOTED[command]
    thing = make(tenancy)
    wires = {param.key for param in registry.get(command).params.values()}
    wide = {"listall": True, "templatefilter": "all", "isofilter": "all"}
    params = {name: value for name, value in wide.items() if name in wires}

    def says() -> bool:
        rows = {row["id"]: row for row in tenancy.root.items(command, **params)}
        said: bool = rows[str(thing.uuid)]["hasannotations"]
        return said

    assert says() is False
    written = note(thing, kind, "x", tenancy.user)
    assert says() is True
    [row] = tenancy.root.items("listAnnotations", entitytype=kind, entityid=thing.uuid)
    assert row["entityname"] == (thing.address if kind == "PUBLIC_IP_ADDRESS" else thing.name)
    written.mark_removed()
    assert says() is False


def test_what_shows_attachments_is_a_kind_that_has_them() -> None:
    """A response with the base class and a model that nobody registered would always show nothing."""
    for command in registry.all():
        model = command.response.model
        for base, named_by in ((Tagged, "name"), (Iconed, "name"), (Annotated, "note")):
            if issubclass(command.response, base) and model is not None:
                assert names_of(model, named_by), f"{command.name}: register {model.__name__} as a kind"
