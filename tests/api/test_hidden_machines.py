"""Who may hide a machine from its users."""

import pytest

from apps.compute.models import VirtualMachine
from tests.support.cloud import build_cloud


@pytest.mark.django_db
def test_only_root_admins_hide_machines() -> None:
    """A user who could would keep machines that his domain's administrator never sees."""
    cloud = build_cloud(hosts=1, clusters=1)
    by_user = cloud.deploy(displayvm=False)
    by_root = cloud.deploy(cloud.admin, displayvm=False)
    assert VirtualMachine.objects.get(uuid=by_user["id"]).is_displayed
    assert not VirtualMachine.objects.get(uuid=by_root["id"]).is_displayed
