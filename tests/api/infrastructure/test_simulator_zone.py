"""``manage.py simulator_zone``: a zone to try things at scale."""

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext

from apps.infrastructure.models import Host, Pod, Zone
from cloudstack.testing.jobs import run_jobs
from tests.support.cloud import build_cloud

pytestmark = pytest.mark.django_db


def test_a_zone_of_many_hosts_is_made_in_few_statements_and_takes_machines() -> None:
    cloud = build_cloud(hosts=1, clusters=1)
    with CaptureQueriesContext(connection) as statements:
        call_command("simulator_zone", "wide", hosts=500)
    zone = Zone.objects.get(name="wide")
    assert (Host.objects.filter(zone=zone, status="Up").count(), Pod.objects.filter(zone=zone).count()) == (500, 3)
    assert len({(host.pod_id, host.private_ip) for host in Host.objects.filter(zone=zone)}) == 500
    assert len(statements) < 300, "rows are made by the hundred"
    [template] = cloud.admin.items("listTemplates", templatefilter="executable", zoneid=zone.uuid)
    [network] = cloud.admin.items("listNetworks", zoneid=zone.uuid)
    vm = cloud.deploy(cloud.admin, zoneid=zone.uuid, templateid=template["id"], networkids=network["id"])
    run_jobs()
    assert cloud.admin.items("listVirtualMachines", id=vm["id"])[0]["state"] == "Running"
    with pytest.raises(CommandError, match="there already"):
        call_command("simulator_zone", "wide")


def test_it_says_what_is_possible_and_what_is_missing() -> None:
    with pytest.raises(CommandError, match="1 to 10000"):
        call_command("simulator_zone", "wide", hosts=10_001)
    with pytest.raises(CommandError, match="no root admin"):
        call_command("simulator_zone", "wide")
    assert not Zone.objects.exists()
