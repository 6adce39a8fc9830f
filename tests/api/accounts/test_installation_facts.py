"""Regions, which cloud this is, its database and its infrastructure in figures."""

import base64
import hashlib
import hmac

import pytest

from apps.accounts.factories import ApiKeyPairFactory
from apps.accounts.models import ApiKeyPair
from apps.infrastructure.factories import HostFactory
from apps.portal.models import Region
from apps.portal.services.region import ensure_local_region
from apps.storage.factories import StoragePoolFactory
from cloudstack.testing.api import ApiError


def refused(client, command, code=431, **params):
    with pytest.raises(ApiError) as error:
        client.call(command, **params)
    assert error.value.code == code, error.value.text
    return error.value.text


@pytest.fixture
def local(root):
    ensure_local_region()
    ensure_local_region()


def test_regions_are_named_changed_and_forgotten(root, seller, local):
    [mine] = seller.items("listRegions")
    assert (mine["id"], mine["name"], mine["gslbserviceenabled"]) == (1, "Local", False)
    assert mine["endpoint"].endswith("/client/api")
    added = root.call("addRegion", id=2, name="East", endpoint="https://east.example.org/client/api")["region"]
    assert (added["id"], added["endpoint"]) == (2, "https://east.example.org/client/api")
    changed = root.call("updateRegion", id=2, name="Far east", endpoint="https://fe.example.org/api")["region"]
    assert (changed["name"], changed["endpoint"]) == ("Far east", "https://fe.example.org/api")
    assert [region["id"] for region in seller.items("listRegions", name="Far east")] == [2]
    assert [region["id"] for region in seller.items("listRegions", id=1)] == [1]
    assert root.call("removeRegion", id=2) == {"success": True}
    assert [region["id"] for region in root.items("listRegions")] == [1]
    told = {event["type"] for event in root.items("listEvents", listall=True) if "region" in event["description"]}
    assert told == {"REGION.CREATE", "REGION.UPDATE", "REGION.DELETE"}


def test_impossible_regions_are_refused(root, seller, local):
    east = {"id": 2, "name": "East", "endpoint": "https://east.example.org"}
    assert "id 1" in refused(root, "addRegion", **{**east, "id": 1})
    assert "named 'Local'" in refused(root, "addRegion", **{**east, "name": "Local"})
    assert "http://" in refused(root, "addRegion", **{**east, "endpoint": "ftp://x"})
    assert "empty" in refused(root, "addRegion", **{**east, "name": "  "})
    assert "no region 9" in refused(root, "updateRegion", id=9, name="x")
    assert "stays" in refused(root, "removeRegion", id=1)
    refused(seller, "addRegion", 432, **east)
    assert list(Region.objects.values_list("name", flat=True)) == ["Local"]


def test_the_cloud_has_one_identifier_signed_with_the_secret_of_a_user(root, seller, sales_admin, tenants):
    ApiKeyPairFactory(user=tenants.seller)
    for client in (seller, sales_admin):
        answer = client.call("getCloudIdentifier", userid=tenants.seller.uuid)["cloudidentifier"]
        assert answer["userid"] == str(tenants.seller.uuid)
        signed = {
            base64.b64encode(
                hmac.new(key.secret_key.reveal().encode(), answer["cloudidentifier"].encode(), hashlib.sha1).digest()
            ).decode()
            for key in ApiKeyPair.objects.filter(user=tenants.seller)
        }
        assert answer["signature"] in signed
    other = root.call("getCloudIdentifier", userid=tenants.lawyer.uuid)["cloudidentifier"]
    assert other["cloudidentifier"] == answer["cloudidentifier"]
    assert "signature" not in other  # no key pair, nothing to sign with
    assert "Unable to find" in refused(seller, "getCloudIdentifier", userid=tenants.lawyer.uuid)


def test_quotas_are_not_charged(seller):
    assert seller.call("quotaIsEnabled")["isenabled"] == {"isenabled": False}


def test_the_infrastructure_is_counted_in_one_statement(root, seller, django_assert_num_queries):
    empty = root.call("listInfrastructure")["infrastructure"]
    assert {empty[name] for name in ("zones", "hosts", "cpusockets", "alerts", "routers")} == {0}
    HostFactory.create_batch(3, cpu_sockets=2)
    StoragePoolFactory()
    root.call("listInfrastructure")
    with django_assert_num_queries(2):
        full = root.call("listInfrastructure")["infrastructure"]
    assert (full["hosts"], full["cpusockets"], full["storagepools"]) == (3, 6, 1)
    refused(seller, "listInfrastructure", 432)


def test_the_database_tells_how_it_is(root, seller):
    facts = root.call("listDbMetrics")["dbMetrics"]
    assert facts["version"][0].isdigit()
    assert (facts["hostname"], facts["replicas"]) != ("", None)
    refused(seller, "listDbMetrics", 432)


@pytest.mark.postgres
def test_postgresql_tells_its_connections_and_age(root):
    facts = root.call("listDbMetrics")["dbMetrics"]
    assert facts["connections"] >= 1 and facts["uptime"] >= 0
    assert facts["versioncomment"].startswith("PostgreSQL")
