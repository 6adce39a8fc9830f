"""An operator takes a machine over that somebody else made, from the page of its host."""

from collections.abc import Callable

from apps.compute.factories import service_offering
from apps.compute.models import VirtualMachine
from apps.compute.scheduled import look_for_unmanaged
from apps.network.models import NetworkHost
from apps.storage.models import StoragePool
from cloudstack.testing.jobs import run_jobs
from plugins.hypervisors.simulator import world
from tests.browser.conftest import DESKTOP, PHONE, Window
from tests.support.cloud import SimulatedCloud, check_invariants

Open = Callable[..., Window]


def test_a_machine_is_taken_over_from_its_hosts_page(window: Open, cloud: SimulatedCloud) -> None:
    cloud.deploy(hostid=cloud.hosts[0].uuid, api=cloud.admin)
    run_jobs()
    host, pool = cloud.hosts[0], StoragePool.objects.filter(pool_hosts__host=cloud.hosts[0], host=None).first()
    bridge = NetworkHost.objects.get(network=cloud.network, host=host).bridge
    sim = world.somebody_makes(
        "old-web", host_uuid=host.uuid, pool_uuid=pool.uuid, pool_path=pool.path, bridge=bridge, disks=2
    )
    service_offering("found", is_customized=True, cpus=None, memory_mib=None, cpu_mhz=500)
    look_for_unmanaged()
    view = window()
    page = view.page
    view.log_in()
    view.open(f"/admin/infrastructure/host/{host.pk}/change/")
    panel = page.locator(".cs-panel", has_text="Machines that are not managed")
    panel.scroll_into_view_if_needed()
    view.shot("host")
    panel.get_by_role("link", name="old-web").click()
    view.shot("machine")
    page.get_by_role("button", name="Take over").click()
    page.get_by_label("Service offering").select_option(label="found")
    page.get_by_label("Owner").select_option(label=f"tenant ({cloud.account.domain.shown_path})")
    page.get_by_label("Network of its first card").select_option(str(cloud.network.uuid))
    view.shot("question")
    page.set_viewport_size(PHONE)
    view.shot("question-phone")
    page.set_viewport_size(DESKTOP)
    page.get_by_role("button", name="Take over").click()
    assert view.messages() == ["Take over – old-web: job started"]
    run_jobs()
    vm = VirtualMachine.objects.get(uuid=sim.vm_uuid)
    assert (vm.state, vm.account, vm.name) == ("Running", cloud.account, "old-web")
    check_invariants()
    view.open("/admin/compute/unmanagedvm/")
    assert page.locator("#result_list tbody tr").count() == 0
