"""Charts as a browser draws them."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from apps.compute.models import MachineHistory, MachineStateHistory, VirtualMachine
from apps.infrastructure.models import CapacityHistory, HostHistory
from cloudstack.framework.rollups.arithmetic import FIVE_MINUTES, HOUR, stretch
from cloudstack.testing.jobs import run_jobs
from tests.browser.conftest import DESKTOP, PHONE, Window
from tests.support.cloud import SimulatedCloud

Open = Callable[..., Window]
MIB = 1024**2


def history(cloud: SimulatedCloud, vm: VirtualMachine, *, width_s: int, count: int) -> None:
    """Figures that go up and down, with a gap."""
    last = stretch(timezone.now(), width_s)
    rows: dict[type[Any], list[Any]] = {}

    def add(model: type[Any], **fields: Any) -> None:
        rows.setdefault(model, []).append(model(**fields))

    for back in range(count):
        if count // 3 < back < count // 3 + 5:
            continue
        common = {"width_s": width_s, "began": last - timedelta(seconds=width_s * back), "samples": 5}
        wave = abs(back % 40 - 20)
        for type_ in (0, 1, 3, 4, 6):
            used = 5 * (20 + wave + 8 * type_)
            add(CapacityHistory, zone=cloud.zone, type=type_, used_sum=used, total_sum=500, **common)
        for state, machines in (("Running", 900 + 3 * wave), ("Stopped", 400 - wave), ("Error", 3), ("Starting", 0)):
            add(MachineStateHistory, zone=cloud.zone, state=state, machines_sum=5 * machines, **common)
        add(
            HostHistory, host=vm.host, cpu_percent_sum=5 * (30 + wave), cpu_percent_max=50 + wave, net_seconds=300,
            memory_used_mib_sum=5 * 1024 * (10 + wave), memory_used_mib_max=1024 * (12 + wave),
            net_rx_bytes=wave * 300 * 10**6, net_tx_bytes=wave * 150 * 10**6, **common,
        )  # fmt: skip
        add(
            MachineHistory, vm=vm, cpu_samples=5, cpu_percent_sum=5 * (5 + wave), cpu_percent_max=20 + wave,
            seconds=300, memory_used_mib_sum=5 * (100 + 10 * wave), memory_used_mib_max=400,
            net_rx_bytes=wave * 200 * MIB, net_tx_bytes=wave * 30 * MIB, disk_read_bytes=wave * 90 * MIB,
            disk_write_bytes=wave * 900 * MIB, disk_read_ops=wave * 300, disk_write_ops=wave * 3000, **common,
        )  # fmt: skip
    for model, made in rows.items():
        model.objects.bulk_create(made)


@pytest.fixture
def vm(cloud: SimulatedCloud) -> VirtualMachine:
    cloud.deploy(name="web-1", diskofferingid=cloud.disk_offering.uuid)
    run_jobs()
    made = VirtualMachine.objects.get(name="web-1")
    history(cloud, made, width_s=FIVE_MINUTES, count=280)
    history(cloud, made, width_s=HOUR, count=200)
    return made


COLOURS_DRAWN = """canvas => {
  const data = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data;
  const found = new Set();
  for (let at = 0; at < data.length; at += 4)
    if (data[at + 3] > 200) found.add([data[at], data[at + 1], data[at + 2]].join());
  return [...found];
}"""
COLOUR_OF_KEY = """figure => [...figure.querySelectorAll(".chart-swatch")].map(
  swatch => getComputedStyle(swatch).color.match(/\\d+/g).join())"""


@pytest.mark.parametrize(
    ("name", "look"),
    [
        ("light", {"viewport": DESKTOP}),
        ("dark", {"viewport": DESKTOP, "color_scheme": "dark"}),
        ("phone", {"viewport": PHONE, "has_touch": True, "is_mobile": True}),
    ],
)
def test_charts_are_drawn_in_the_colours_of_their_keys(
    window: Open, vm: VirtualMachine, name: str, look: dict[str, Any]
) -> None:
    view = window(**look)
    view.log_in()
    drawn = {}
    for label, path in (
        ("overview", "/admin/"),
        ("machine", f"/admin/compute/virtualmachine/{vm.pk}/change/"),
        ("host", f"/admin/infrastructure/host/{vm.host_id}/change/"),
    ):
        view.open(path)
        view.page.locator("figure[data-chart] canvas").first.wait_for()
        figures = view.page.locator("figure[data-chart]").all()
        for figure in figures:
            figure.scroll_into_view_if_needed()
            colours = set(figure.locator("canvas").evaluate(COLOURS_DRAWN))
            keys = set(figure.evaluate(COLOUR_OF_KEY))
            assert keys <= colours, f"{label} {figure.get_attribute('data-chart')}: {keys - colours} is not drawn"
            assert figure.locator(".chart-still").is_hidden()
        drawn[label] = len(figures)
        view.page.locator("#statistics").scroll_into_view_if_needed()
        view.page.locator("#statistics").screenshot(path=str(view.shots / f"chart-{name}-{label}.png"))
        view.shot(f"charts-{name}-{label}")
        assert view.overflow_px() <= 0
    assert drawn == {"overview": 2, "machine": 5, "host": 3}


def test_the_key_follows_the_cursor_and_links_look_further_back(window: Open, vm: VirtualMachine) -> None:
    view = window()
    page = view.page
    view.log_in()
    view.open(f"/admin/compute/virtualmachine/{vm.pk}/change/")
    cpu = page.locator("figure[data-chart=cpu]")
    cpu.scroll_into_view_if_needed()
    before = cpu.locator(".chart-value").first.inner_text()
    box = cpu.locator(".u-over").bounding_box()
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + 20)
    page.wait_for_function("document.querySelector('figure[data-chart=cpu] .chart-when').textContent.length > 5")
    assert cpu.locator(".chart-value").first.inner_text().endswith("%")
    page.mouse.move(5, 5)
    page.wait_for_function("document.querySelector('figure[data-chart=cpu] .chart-when').textContent === ''")
    assert cpu.locator(".chart-value").first.inner_text() == before
    page.locator("#statistics").get_by_role("link", name="Week").click()
    page.wait_for_url("**span=1w**")
    assert page.locator("#statistics [aria-current]").inner_text() == "Week"
    page.locator("figure[data-chart=cpu] canvas").wait_for()


def test_without_scripts_there_are_pictures_and_tables(window: Open, vm: VirtualMachine) -> None:
    view = window(java_script_enabled=False)
    view.log_in()
    view.open(f"/admin/compute/virtualmachine/{vm.pk}/change/")
    network = view.page.locator("figure[data-chart=network]")
    assert network.locator("svg path").count() == 2 and network.locator("svg").is_visible()
    assert "Received" in (network.locator("svg").get_attribute("aria-label") or "")
    network.get_by_text("Figures").click()
    assert "Mbit/s" in network.locator("tbody").inner_text()
    view.page.locator("#statistics").screenshot(path=str(view.shots / "chart-still.png"))
