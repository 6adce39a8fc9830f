"""The pages of plugins in a real browser."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from cloudstack.framework.plugins.loader import Fault
from cloudstack.framework.plugins.manager import PluginStatus, pm
from cloudstack.framework.scheduler import runner
from cloudstack.runtime.plugin_choice import chosen
from tests.browser.conftest import DESKTOP, PHONE, Window
from tests.support.cloud import SimulatedCloud

Open = Callable[..., Window]


@pytest.mark.parametrize(
    ("name", "look"),
    [
        ("light", {"viewport": DESKTOP}),
        ("dark", {"viewport": DESKTOP, "color_scheme": "dark", "java_script_enabled": False}),
        ("phone", {"viewport": PHONE, "has_touch": True, "is_mobile": True}),
    ],
    ids=["light", "dark-without-scripts", "phone"],
)
def test_a_plugin_in_use_is_disabled_by_its_name(
    window: Open,
    cloud: SimulatedCloud,
    settings: Any,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    name: str,
    look: dict[str, Any],
) -> None:
    settings.DATA_DIR = tmp_path
    broken = PluginStatus("rotten", enabled=False, error="there is no hook registr_x", fault=Fault.BROKEN)
    monkeypatch.setitem(pm.statuses, "rotten", broken)
    runner.run("plugins.health", forced=True)
    view = window(**look)
    page = view.page
    view.log_in()
    view.open("/admin/plugins/")
    view.shot(f"{name}-plugins")
    page.get_by_role("link", name="simulator", exact=True).click()
    page.get_by_role("button", name="Disable simulator").click()
    assert "4 hosts of the hypervisor Simulator" in page.get_by_role("alert").inner_text()
    view.forgive("400")
    page.get_by_label("Type simulator to disable it all the same").fill("simulator")
    view.shot(f"{name}-plugin")
    page.get_by_role("button", name="Disable simulator").click()
    page.get_by_role("button", name="Enable simulator").wait_for()
    assert chosen(tmp_path).disabled == {"simulator"}
    if "java_script_enabled" not in look:
        assert view.overflow_px() <= 0
    view.open("/admin/plugins/")
    assert "simulator will be disabled" in page.get_by_role("status").first.inner_text()
    view.shot(f"{name}-plugins-pending")
