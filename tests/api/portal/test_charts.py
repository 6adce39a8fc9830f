"""Charts: what they hold, who gets them, and what the pages of the admin cost with them."""

import json
import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.template.loader import render_to_string
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from apps.accounts.factories import PASSWORD, AccountFactory, UserFactory
from apps.accounts.models import Account
from apps.accounts.selectors import callers
from apps.accounts.selectors.callers import system_caller
from apps.compute.models import MachineHistory, VirtualMachine
from apps.infrastructure.models import CapacityHistory, HostHistory
from apps.infrastructure.scheduled import sample_capacities, sample_hosts
from apps.infrastructure.selectors.history import capacity_shares
from apps.infrastructure.services import heartbeat, sampling
from apps.network.factories import public_address
from apps.portal.charts import Chart, Charts, Series, machine_charts
from apps.portal.charts.cloud import cloud_charts
from apps.portal.charts.objects import host_charts
from apps.portal.charts.units import Unit, worded
from cloudstack.framework.context import Caller
from cloudstack.framework.rollups.arithmetic import DAY, FIVE_MINUTES, HOUR, MINUTE, stretch
from cloudstack.framework.rollups.spans import SPANS, span_of
from cloudstack.framework.rollups.tables import families, roll_up
from cloudstack.testing.jobs import run_jobs
from tests.support.cloud import SimulatedCloud, build_cloud

MOMENT = datetime(2026, 3, 28, 12, tzinfo=UTC)
MIB = 1024**2


@pytest.fixture
def cloud(db: None) -> SimulatedCloud:
    return build_cloud()


@pytest.fixture
def vm(cloud: SimulatedCloud) -> VirtualMachine:
    cloud.deploy(name="web-1", diskofferingid=cloud.disk_offering.uuid)
    run_jobs()
    made = VirtualMachine.objects.get(name="web-1")
    began = stretch(timezone.now(), FIVE_MINUTES) - timedelta(minutes=30)
    MachineHistory.objects.create(
        vm=made, width_s=FIVE_MINUTES, began=began, samples=5, cpu_samples=4, cpu_percent_sum=100, cpu_percent_max=40,
        memory_used_mib_sum=5 * 100, memory_used_mib_max=120, seconds=300, net_rx_bytes=300 * MIB, disk_write_ops=600,
    )  # fmt: skip
    return made


def caller_of(account: Account) -> Caller:
    return callers.caller_of(UserFactory(account=account))


def values(charts: Charts, key: str) -> dict[str, list[float]]:
    [chart] = [chart for chart in charts.charts if chart.key == key]
    return {str(one.label): [value for value in one.values if value is not None] for one in chart.series}


def test_a_machine_is_shown_in_readable_units(vm: VirtualMachine, cloud: SimulatedCloud) -> None:
    charts = machine_charts(vm.uuid, caller=caller_of(cloud.account))
    assert [len(chart.moments) for chart in charts.charts] == [288] * 5
    assert values(charts, "cpu") == {"Mean": [25.0], "Highest": [40.0]}
    assert values(charts, "memory") == {"In use": [100 * MIB]}
    assert values(charts, "network") == {"Received": [8 * MIB], "Sent": [0]}
    assert values(charts, "operations") == {"Reads": [0], "Writes": [2]}
    html = render_to_string("portal/charts.html", {"charts": charts})
    for text in ("8.39 Mbit/s", "100 MiB", "25 %", "2/s", 'aria-current="true">Day'):
        assert text in html, text


@pytest.mark.parametrize("span", sorted(SPANS))
def test_a_strangers_machine_has_no_figures(vm: VirtualMachine, cloud: SimulatedCloud, span: str) -> None:
    """Neither are there any, nor does the page tell whether there is such a machine."""
    stranger = caller_of(AccountFactory(name="stranger"))
    theirs = machine_charts(vm.uuid, caller=stranger, span=span)
    nothing = machine_charts("00000000-0000-4000-8000-000000000000", caller=stranger, span=span)
    assert theirs.shown == nothing.shown == []
    assert render_to_string("portal/charts.html", {"charts": theirs}) == render_to_string(
        "portal/charts.html", {"charts": nothing}
    )


def test_who_is_no_root_admin_gets_nothing_of_the_cloud_or_its_hosts(vm: VirtualMachine, cloud: SimulatedCloud) -> None:
    now = timezone.now()
    sampling.sample_capacities(now)
    HostHistory.objects.create(host=vm.host, width_s=FIVE_MINUTES, began=stretch(now, FIVE_MINUTES), cpu_percent_sum=9)
    assert cloud_charts(caller=system_caller()).shown and host_charts(system_caller(), vm.host).shown
    tenant = caller_of(cloud.account)
    assert cloud_charts(caller=tenant).shown == host_charts(tenant, vm.host).shown == []


def test_hosts_are_noted_every_minute_with_what_their_counters_say(cloud: SimulatedCloud) -> None:
    host = cloud.hosts[0]
    now = timezone.now().replace(second=30, microsecond=0)

    def told(minute: int, received: int | None) -> None:
        moment = now + timedelta(minutes=minute)
        type(host).objects.exclude(pk=host.pk).update(last_ping=None)
        type(host).objects.filter(pk=host.pk).update(
            last_ping=moment, cpu_used_percent=10 * minute, memory_used_mib=1000, network_rx_bytes=received,
            network_tx_bytes=0,
        )  # fmt: skip
        sampling.sample_hosts(moment)
        sampling.sample_hosts(moment)

    for minute, received in ((0, 5000), (1, 6200), (3, 9200), (4, 100), (5, 700)):
        told(minute, received)
    rows = HostHistory.objects.filter(host=host, width_s=MINUTE).order_by("began")
    found = [(row.net_rx_bytes, row.net_seconds) for row in rows]
    assert found == [(0, 0), (1200, 60), (3000, 120), (0, 0), (600, 60)], "a counter that fell says nothing"
    family = next(family for family in families() if family.model is HostHistory)
    roll_up(family, now + timedelta(days=2))
    for width_s in (FIVE_MINUTES, HOUR, DAY):
        sums = HostHistory.objects.filter(width_s=width_s)
        assert sum(row.net_rx_bytes for row in sums) == 4800 and sum(row.net_seconds for row in sums) == 240
        assert sum(row.samples for row in sums) == 5 and max(row.cpu_percent_max for row in sums) == 50


def test_hosts_that_are_silent_or_tell_nothing_are_not_noted(cloud: SimulatedCloud) -> None:
    heartbeat.measure_hosts()
    sample_hosts()
    assert HostHistory.objects.count() == len(cloud.hosts)
    HostHistory.objects.all().delete()
    hosts = type(cloud.hosts[0]).objects
    hosts.update(last_ping=timezone.now() - timedelta(hours=1))
    sample_hosts()
    hosts.update(last_ping=timezone.now(), cpu_used_percent=None)
    sample_hosts()
    assert not HostHistory.objects.exists()


def test_capacity_is_noted_by_zone_and_kind_as_the_list_says(cloud: SimulatedCloud, vm: VirtualMachine) -> None:
    public_address(cloud.account)
    sample_capacities()
    listed = {(row["zonename"], row["type"]): row for row in cloud.admin.items("listCapacity")}
    noted = {(row.zone.name, row.type): row for row in CapacityHistory.objects.select_related("zone")}
    assert noted.keys() == listed.keys() and {type_ for _zone, type_ in noted} >= {0, 1, 2, 3, 4, 6}
    for key, row in listed.items():
        assert (noted[key].used_sum, noted[key].total_sum) == (row["capacityused"], row["capacitytotal"])
    sample_capacities()
    assert CapacityHistory.objects.count() == len(listed), "once in an interval"


def test_shares_of_zones_that_were_looked_at_unequally_often_are_not_mixed_up(cloud: SimulatedCloud) -> None:
    common = {"zone": cloud.zone, "width_s": HOUR, "began": MOMENT}
    CapacityHistory.objects.create(type=0, samples=12, used_sum=12 * 50, total_sum=12 * 100, **common)
    other = type(cloud.zone).objects.create(name="other")
    CapacityHistory.objects.create(type=0, samples=1, used_sum=0, total_sum=100, **{**common, "zone": other})
    shares = capacity_shares(caller=system_caller(), types=[0], width_s=HOUR, since=MOMENT)
    assert shares == {0: {MOMENT: 25.0}}


def test_pages_with_charts_cost_the_same_whatever_the_span(vm: VirtualMachine, cloud: SimulatedCloud) -> None:
    UserFactory(username="operator", account=Account.objects.get(pk=cloud.root.account_id))
    client = Client()
    assert client.login(username="operator", password=PASSWORD)

    def cost(path: str) -> int:
        """Of two looks the cheaper one: settings are read anew every few seconds."""
        found = []
        for _ in range(2):
            with CaptureQueriesContext(connection) as captured:
                assert client.get(path).status_code == 200
            found.append(len(captured))
        return min(found)

    for path in (
        "/admin/", f"/admin/compute/virtualmachine/{vm.pk}/change/", f"/admin/infrastructure/host/{vm.host_id}/change/",
    ):  # fmt: skip
        usual = cost(path)
        assert max(cost(f"{path}?span={span}") for span in (*SPANS, "<script>")) <= usual + 1, path


def test_the_data_in_the_page_is_what_is_drawn_and_cannot_leave_its_block() -> None:
    moments = [MOMENT, MOMENT + timedelta(minutes=5)]
    chart = Chart("k", "T", Unit.BYTES, moments, FIVE_MINUTES, [Series("</script><b>", [1234567, None])])
    html = render_to_string("portal/charts.html", {"charts": Charts("T", span_of("1d"), [chart], "nothing")})
    assert "<b>" not in html and html.count("</script>") == 1
    [block] = re.findall(r'<script type="application/json">(.*?)</script>', html)
    data: dict[str, Any] = json.loads(block)
    assert data["start"] == MOMENT.timestamp() and data["step"] == FIVE_MINUTES
    assert data["series"] == [{"label": "</script><b>", "values": [1234600, None]}]


def test_nothing_known_is_no_chart_and_says_what_is_awaited() -> None:
    empty = Chart("k", "T", Unit.COUNT, [MOMENT], FIVE_MINUTES, [Series("x", [None])])
    html = render_to_string("portal/charts.html", {"charts": Charts("T", span_of(None), [empty], "Wait a little.")})
    assert "Wait a little." in html and "<figure" not in html


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (None, Unit.COUNT, "–"), (0, Unit.COUNT, "0"), (99_999.6, Unit.COUNT, "100,000"),
        (12.34, Unit.PERCENT, "12.3 %"),
        (1536 * MIB, Unit.BYTES, "1.5 GiB"), (1023, Unit.BYTES, "1,023 B"), (3_200_000, Unit.BITS_PER_S, "3.2 Mbit/s"),
        (0.25, Unit.PER_S, "0.25/s"), (2048, Unit.BYTES_PER_S, "2 KiB/s"), (0.001, Unit.PERCENT, "0 %"),
        (100, Unit.PERCENT, "100 %"), (10, Unit.COUNT, "10"),
    ],
)  # fmt: skip
def test_figures_are_in_words_of_people(value: float | None, unit: Unit, text: str) -> None:
    assert worded(value, unit) == text
