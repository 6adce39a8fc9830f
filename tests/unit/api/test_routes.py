"""Names of commands → REST routes."""

import pytest

from cloudstack.api import registry
from cloudstack.api.rest.routes import derive, kebab, singular, words


@pytest.mark.parametrize(
    ("name", "split"),
    [
        ("createSSHKeyPair", ["create", "SSH", "Key", "Pair"]),
        ("listNetworkACLs", ["list", "Network", "ACLs"]),
        ("listVMSnapshot", ["list", "VM", "Snapshot"]),
        ("listPublicIpAddresses", ["list", "Public", "Ip", "Addresses"]),
        ("addImageStoreS3", ["add", "Image", "Store", "S3"]),
        ("listOsTypes", ["list", "Os", "Types"]),
    ],
)
def test_words(name: str, split: list[str]) -> None:
    assert words(name) == split
    assert kebab(words(name)) == "-".join(split).lower()


@pytest.mark.parametrize(
    ("plural", "one"),
    [("Zones", "Zone"), ("Policies", "Policy"), ("Addresses", "Address"), ("Capacity", "Capacity"), ("ACLs", "ACL")],
)
def test_singular(plural: str, one: str) -> None:
    assert singular(plural) == one


def places() -> dict[str, tuple[str, str]]:
    found = {}
    for resource, routes in derive(registry.all()).items():
        for route in routes:
            where = f"/{resource}" + ("/{id}" if route.detail else "") + (f"/{route.action}" if route.action else "")
            found[route.operation] = (route.method, where)
    return found


def test_every_command_has_one_place_of_its_own() -> None:
    table = places()
    assert len(set(table.values())) == len(table)
    names = {command.name for command in registry.all() if not command.anonymous}
    assert names <= {name.removesuffix("ById") for name in table}


@pytest.mark.parametrize(
    ("operation", "place"),
    [
        ("listZones", ("GET", "/zones")),
        ("listZonesById", ("GET", "/zones/{id}")),
        ("createZone", ("POST", "/zones")),
        ("updateZone", ("PATCH", "/zones/{id}")),
        ("deleteZone", ("DELETE", "/zones/{id}")),
        ("addHost", ("POST", "/hosts")),
        ("prepareHostForMaintenance", ("POST", "/hosts/{id}/prepare-for-maintenance")),
        ("queryAsyncJobResult", ("GET", "/jobs/{id}")),
        ("listAsyncJobs", ("GET", "/jobs")),
        ("getUserKeys", ("GET", "/users/{id}/keys")),
    ],
)
def test_places(operation: str, place: tuple[str, str]) -> None:
    assert places()[operation] == place
