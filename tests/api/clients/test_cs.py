"""The library ``cs`` and its command line, unmodified, on a cloud with machines."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from cs import CloudStack, CloudStackApiException

from apps.compute.models import VirtualMachine
from cloudstack.testing.jobs import run_jobs
from tests.support.cloud import SimulatedCloud


@pytest.fixture(params=["get", "post"])
def cs(
    request: pytest.FixtureRequest,
    cloud: SimulatedCloud,
    live_server: Any,
    jobs_run_while_clients_wait: Callable,
    monkeypatch: Any,
) -> CloudStack:
    monkeypatch.setattr("cs.client.time.sleep", jobs_run_while_clients_wait)
    endpoint = f"{live_server.url}/client/api"
    return CloudStack(endpoint=endpoint, key=cloud.api.api_key, secret=cloud.api.secret, method=request.param)


def test_machines_from_deployment_to_destruction(cs: CloudStack, cloud: SimulatedCloud) -> None:
    params = {
        "zoneid": str(cloud.zone.uuid),
        "templateid": str(cloud.template.uuid),
        "serviceofferingid": str(cloud.offering.uuid),
        "networkids": [str(cloud.network.uuid)],
        "userdata": "I2Nsb3VkLWNvbmZpZw==",
        "details": [{"note": "a~b [c]"}],
    }
    vm = cs.deployVirtualMachine(**params, name="web", fetch_result=True)["virtualmachine"]
    assert vm["state"] == "Running"
    for number in range(3):
        cs.deployVirtualMachine(**params, name=f"more-{number}", startvm=False)
    run_jobs()
    assert len(cs.listVirtualMachines(fetch_list=True, page_size=2)) == 4
    assert cs.listVirtualMachines(name="web", fetch_list=True)[0]["id"] == vm["id"]
    assert cs.createTags(
        resourcetype="UserVm", resourceids=[vm["id"]], tags=[{"key": "env", "value": "test"}], fetch_result=True
    )["success"]
    assert [one["name"] for one in cs.listVirtualMachines(tags=[{"key": "env", "value": "test"}], fetch_list=True)] == [
        "web"
    ]
    cs.destroyVirtualMachine(id=vm["id"], fetch_result=True)
    with pytest.raises(CloudStackApiException) as caught:
        cs.startVirtualMachine(id=vm["id"], fetch_result=True)
    assert caught.value.error["errorcode"] == 431


def test_everything_that_lists(cs: CloudStack) -> None:
    """Each list that needs no parameter answers in the shape that ``fetch_list`` wants."""
    asked = 0
    for api in cs.listApis(fetch_list=True):
        needed = [param["name"] for param in api["params"] if param["required"]]
        if api["name"].startswith("list") and not needed and not api["isasync"]:
            rows = (
                getattr(cs, api["name"])(fetch_list=True, page_size=50) if _paged(api) else getattr(cs, api["name"])()
            )
            assert isinstance(rows, list | dict), api["name"]
            asked += 1
    assert asked > 40


def _paged(api: dict[str, Any]) -> bool:
    return "pagesize" in {param["name"] for param in api["params"]}


@pytest.mark.django_db(transaction=True)
def test_its_command_line(cloud: SimulatedCloud, live_server: Any, tmp_path: Path) -> None:
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(tmp_path),
        "CLOUDSTACK_ENDPOINT": f"{live_server.url}/client/api",
        "CLOUDSTACK_KEY": cloud.api.api_key,
        "CLOUDSTACK_SECRET": cloud.api.secret,
    }

    def run(*arguments: str) -> Any:
        done = subprocess.run(
            [str(Path(sys.executable).parent / "cs"), *arguments],
            env=environment, capture_output=True, text=True, timeout=60, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr + done.stdout
        return json.loads(done.stdout)

    assert run("listZones")["zone"][0]["id"] == str(cloud.zone.uuid)
    deploy = [f"zoneid={cloud.zone.uuid}", f"templateid={cloud.template.uuid}", "startvm=false"]
    deploy += [f"serviceofferingid={cloud.offering.uuid}", f"networkids={cloud.network.uuid}", "name=by-hand"]
    assert run("--async", "deployVirtualMachine", *deploy)["jobid"]
    assert VirtualMachine.objects.get().name == "by-hand"


@pytest.mark.django_db(transaction=True)
def test_its_command_line_waits_for_results_posts_and_shows_errors(
    cloud: SimulatedCloud, live_server: Any, tmp_path: Path
) -> None:
    settings = f"endpoint = {live_server.url}/client/api\nkey = {cloud.api.api_key}\nsecret = {cloud.api.secret}\n"
    (tmp_path / "cloudstack.ini").write_text(f"[cloudstack]\nmethod = post\npoll_interval = 0.1\n{settings}")

    def run(*arguments: str) -> tuple[int, str, str]:
        with subprocess.Popen(
            [str(Path(sys.executable).parent / "cs"), *arguments],
            env={"PATH": os.environ["PATH"], "HOME": str(tmp_path)}, cwd=tmp_path, text=True,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        ) as process:  # fmt: skip
            while True:
                try:
                    output, errors = process.communicate(timeout=0.2)
                    return process.returncode, output, errors
                except subprocess.TimeoutExpired:
                    run_jobs()

    place = [f"zoneid={cloud.zone.uuid}", f"templateid={cloud.template.uuid}", f"networkids={cloud.network.uuid}"]
    code, output, errors = run(
        "deployVirtualMachine",
        *place,
        f"serviceofferingid={cloud.offering.uuid}",
        "name=waited",
        f"userdata={'QQ' * 5000}",
    )
    assert code == 0, errors
    assert json.loads(output)["virtualmachine"]["state"] == "Running"
    code, output, errors = run("deployVirtualMachine", *place)
    assert code != 0
    assert "missing parameter serviceofferingid" in output + errors
