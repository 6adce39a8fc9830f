"""Workers and queues in a real browser: Flower's pages work under their policy, with nothing from elsewhere."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.browser.conftest import PHONE, Window
from tests.support.cloud import SimulatedCloud
from tests.support.flower import running_flower

Open = Callable[..., Window]


@pytest.mark.slow
def test_workers_are_looked_at_through_the_portal(
    window: Open,
    cloud: SimulatedCloud,
    broker: str,
    settings: Any,
    tmp_path: Path,
    celery_worker_processes: Callable[..., list[Any]],
) -> None:
    [worker] = celery_worker_processes(1)
    with running_flower(tmp_path, broker) as url:
        settings.FLOWER_SECRET_URL = url
        view = window()
        page = view.page
        view.log_in()
        page.locator("#nav-sidebar summary", has_text="Jobs").click()
        page.get_by_role("link", name="Workers and queues").click()
        # Flower asks the workers first; on a busy machine the portal does not wait for that, and says so.
        for _ in range(20):
            if page.get_by_role("link", name=worker.name).count():
                break
            page.wait_for_timeout(2000)
            page.reload()
        page.get_by_role("link", name=worker.name).wait_for()
        view.forgive("503")
        view.shot("flower")
        page.get_by_role("link", name=worker.name).click()
        page.get_by_text(worker.name).first.wait_for()
        assert page.get_by_role("button", name="Shut Down").count() == 0
        view.shot("flower-worker")
        view.open("/admin/flower/tasks")
        page.locator("#tasks-table_info, .dataTables_info").first.wait_for()
        view.shot("flower-tasks")
        page.get_by_role("link", name="Jobs of the portal").click()
        page.wait_for_url("**/admin/jobs/asyncjob/")
    settings.FLOWER_SECRET_URL = ""
    away = window(viewport=PHONE, is_mobile=True, has_touch=True, color_scheme="dark")
    away.log_in()
    away.page.goto(f"{away.base}/admin/flower/")
    assert away.page.get_by_text("does not run").is_visible() and away.overflow_px() <= 0
    away.shot("flower-away")
    away.forgive("503")
