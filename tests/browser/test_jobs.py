"""A job is followed, stopped and run again in a real browser, with and without scripts."""

from collections.abc import Callable

from apps.compute.models import VirtualMachine
from apps.compute.states import VmState
from cloudstack.framework.jobs.models import AsyncJob
from cloudstack.testing.jobs import run_jobs
from tests.browser.conftest import PHONE, Window
from tests.support.cloud import SimulatedCloud

Open = Callable[..., Window]
JOBS = "/admin/jobs/asyncjob/"


def deploy(cloud: SimulatedCloud, name: str) -> VirtualMachine:
    answer = cloud.deploy(name=name, diskofferingid=cloud.disk_offering.uuid)
    run_jobs()
    return VirtualMachine.objects.get(uuid=answer["id"])


def test_a_job_is_cancelled_while_it_waits(window: Open, cloud: SimulatedCloud) -> None:
    vm = deploy(cloud, "web-1")
    cloud.admin.call("stopVirtualMachine", id=vm.uuid)
    job = AsyncJob.objects.latest("pk")
    view = window()
    view.log_in()
    view.open(f"{JOBS}{job.uuid}/change/")
    assert "waiting for" in view.page.locator("#cs-live .cs-bar").inner_text()
    view.page.get_by_role("button", name="Cancel").click()
    view.page.locator("#cs-live .cs-badge", has_text="cancelling").wait_for()
    run_jobs()
    view.page.locator("#cs-live [role=status] .cs-badge", has_text="cancelled").wait_for()
    vm.refresh_from_db()
    assert vm.state == VmState.RUNNING


def test_a_failed_job_is_read_and_retried_without_scripts(window: Open, cloud: SimulatedCloud) -> None:
    vm = deploy(cloud, "unlucky")
    cloud.admin.call("stopVirtualMachine", id=vm.uuid)
    run_jobs()
    cloud.admin.call("configureSimulator", name="StartCommand", value="fault:the fan is stuck", count=1)
    cloud.admin.call("startVirtualMachine", id=vm.uuid)
    run_jobs()
    job = AsyncJob.objects.latest("pk")
    assert job.status == "failed"
    view = window(java_script_enabled=False)
    view.log_in()
    view.open(f"{JOBS}?status__exact=failed&command=startVirtualMachine&account={vm.account.name}")
    view.page.locator("#result_list").get_by_role("link", name=job.description).click()
    bars = view.page.locator(".cs-timeline svg")
    told = [bars.nth(index).get_attribute("aria-label") or "" for index in range(bars.count())]
    assert len(told) == job.steps.count() and "failed at +" in told[-1] and "undone at +" in told[1]
    view.page.get_by_role("button", name="Retry from the failed step").click()
    run_jobs()
    view.page.reload()
    assert view.page.locator("#cs-live [role=status] .cs-badge").first.inner_text() == "succeeded"
    assert "undone" not in view.page.locator(".cs-timeline").inner_text()
    vm.refresh_from_db()
    assert vm.state == VmState.RUNNING


def test_a_failed_job_reads_well_everywhere(window: Open, cloud: SimulatedCloud) -> None:
    cloud.admin.call("configureSimulator", name="StartCommand", value="fault:the fan is stuck", count=3)
    deploy_job = cloud.deploy(name="unlucky", diskofferingid=cloud.disk_offering.uuid)["jobid"]
    run_jobs()
    for name, look in (
        ("desktop", {}),
        ("dark", {"color_scheme": "dark"}),
        ("phone", {"viewport": PHONE, "is_mobile": True, "has_touch": True}),
    ):
        view = window(**look)
        view.log_in()
        view.open(f"{JOBS}{deploy_job}/change/")
        view.shot(f"job-timeline-{name}")
        assert view.overflow_px() <= 0, name
        view.open(JOBS)
        view.page.get_by_role("button", name="Filters").click()
        view.page.get_by_label("By owner").wait_for()
        view.shot(f"job-filters-{name}")
