"""Who deploys into networks of a project without naming it means the project."""

from typing import Any

import pytest

from apps.accounts.factories import join_project, project_of
from apps.accounts.models import Project
from apps.compute.models import VirtualMachine
from apps.network.models import Network
from cloudstack.testing.api import ApiError

from .conftest import Cloud
from .test_deploy import isolated


@pytest.fixture
def project(cloud: Cloud) -> Project:
    return project_of(cloud.account, name="apollo")


@pytest.fixture
def ours(cloud: Cloud, project: Project) -> Network:
    network = isolated(cloud)
    Network.objects.filter(pk=network.pk).update(account=project.account)
    network.refresh_from_db()
    return network


def refused(cloud: Cloud, api: Any = None, **more: Any) -> ApiError:
    with pytest.raises(ApiError) as caught:
        cloud.deploy(api, **more)
    assert not VirtualMachine.objects.exists()
    return caught.value


@pytest.mark.parametrize("spelling", ["networkids", "iptonetworklist"])
def test_the_machine_is_the_projects(cloud: Cloud, project: Project, ours: Network, spelling: str) -> None:
    named = {"networkids": ours.uuid} if spelling == "networkids" else {"networkids": None}
    if spelling == "iptonetworklist":
        named["iptonetworklist"] = [{"networkid": str(ours.uuid)}]
    made = cloud.deploy(**named)
    assert VirtualMachine.objects.get(uuid=made["id"]).account == project.account
    assert [one["project"] for one in cloud.api.items("listVirtualMachines", projectid=project.uuid)] == ["apollo"]


def test_an_account_that_may_use_the_network_itself_keeps_the_machine(
    cloud: Cloud, project: Project, ours: Network
) -> None:
    cloud.admin.call("createNetworkPermissions", networkid=ours.uuid, accountids=cloud.account.uuid)
    made = cloud.deploy(networkids=ours.uuid)
    assert VirtualMachine.objects.get(uuid=made["id"]).account == cloud.account


def test_networks_of_several_owners_are_refused(cloud: Cloud, project: Project, ours: Network) -> None:
    other = project_of(cloud.account, name="gemini")
    second = isolated(cloud)
    assert "may not use network" in refused(cloud, networkids=f"{ours.uuid},{second.uuid}").text
    Network.objects.filter(pk=second.pk).update(account=other.account)
    assert "may not use network" in refused(cloud, networkids=f"{ours.uuid},{second.uuid}").text


def test_an_owner_that_is_named_is_the_one(cloud: Cloud, project: Project, ours: Network) -> None:
    named = {"account": cloud.account.name, "domainid": cloud.account.domain.uuid}
    assert "may not use network" in refused(cloud, networkids=ours.uuid, **named).text


def test_a_role_in_the_project_that_does_not_deploy_does_not(cloud: Cloud, project: Project, ours: Network) -> None:
    join_project(project, cloud.lawyer_account, deny="deployVirtualMachine")
    assert refused(cloud, cloud.lawyer, networkids=ours.uuid).code in (431, 531)


def test_a_stranger_finds_no_such_network(cloud: Cloud, ours: Network) -> None:
    answer = refused(cloud, cloud.lawyer, networkids=ours.uuid)
    assert answer.code == 431 and "Unable to find network" in answer.text
