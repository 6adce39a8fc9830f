"""A simulated cloud with something on every page: what pictures and checks of pages are made of."""

from dataclasses import dataclass
from typing import Any

from django.urls import reverse

from apps.accounts.factories import UserFactory
from apps.accounts.models import User
from apps.compute.models import VirtualMachine
from apps.infrastructure.models import Host
from apps.network.models import NetworkOffering
from apps.storage.models import Template, Volume
from cloudstack.framework.alerts.service import raise_alert
from cloudstack.framework.alerts.types import AlertType
from cloudstack.framework.jobs.models import AsyncJob
from cloudstack.pages import registry
from cloudstack.testing.jobs import run_jobs
from tests.support.cloud import SimulatedCloud

KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGJ7u2Zr6X5vQmB0m5Y4j9m0Yq3n1o3b1h0k8yq1fL2a anna@laptop"


@dataclass
class Showcase:
    """The cloud, a user who owns a bit of everything, and where each page is."""

    cloud: SimulatedCloud
    user: User

    def users_pages(self) -> dict[str, str]:
        """Name → address of the pages that a user comes to."""
        found = {"home": reverse("portal:home"), "jobs": reverse("portal:jobs"), "profile": reverse("portal:profile")}
        found["search"] = f"{reverse('portal:search')}?q=web"
        job = AsyncJob.objects.filter(account_uuid=self.cloud.account.uuid).latest("pk")
        found["job"] = reverse("portal:job", args=[job.uuid])
        for section in registry.sections():
            found[section.slug] = reverse(f"portal:{section.slug}-list")
            for operation in section.creates:
                found[f"{section.slug}-new-{operation.key}"] = reverse(
                    f"portal:{section.slug}-create", args=[operation.key]
                )
        for slug, thing in {
            "instances": VirtualMachine.objects.get(name="web-1"),
            "volumes": Volume.objects.get(name="data-1"),
            "templates": Template.objects.first(),
            "networks": self.cloud.network,
        }.items():
            found[f"{slug}-one"] = reverse(f"portal:{slug}-object", args=[thing.uuid])
        machine = VirtualMachine.objects.get(name="web-1")
        for key in ("stopvirtualmachine", "destroyvirtualmachine"):
            found[f"instances-{key}"] = reverse("portal:instances-do", args=[machine.uuid, key])
        return found

    def operators_pages(self) -> dict[str, str]:
        """Name → address of one admin page of each kind, and of those that are like no other."""
        machine, host = VirtualMachine.objects.get(name="web-1"), Host.objects.first()
        assert host is not None
        job = AsyncJob.objects.latest("pk")
        return {
            "overview": reverse("admin:index"),
            "machines": reverse("admin:compute_virtualmachine_changelist"),
            "machine": reverse("admin:compute_virtualmachine_change", args=[machine.pk]),
            "hosts": reverse("admin:infrastructure_host_changelist"),
            "host": reverse("admin:infrastructure_host_change", args=[host.pk]),
            "jobs": reverse("admin:jobs_asyncjob_changelist"),
            "job": reverse("admin:jobs_asyncjob_change", args=[job.pk]),
            "events": reverse("admin:events_event_changelist"),
            "alerts": reverse("admin:alerts_alert_changelist"),
            "volumes": reverse("admin:storage_volume_changelist"),
            "pools": reverse("admin:storage_storagepool_changelist"),
            "networks": reverse("admin:network_network_changelist"),
            "accounts": reverse("admin:accounts_account_changelist"),
            "account": reverse("admin:accounts_account_change", args=[self.cloud.account.pk]),
            "role": reverse("admin:accounts_role_change", args=[self.cloud.account.role_id]),
            "settings": reverse("admin:cloud_settings"),
            "setting": reverse("admin:cloud_setting", args=["api.stream.seconds"]),
            "plugins": reverse("admin:cloud_plugins"),
            "schedule": reverse("admin:cloud_schedule"),
            "zones-set-up": reverse("admin:cloud_zone_setups"),
            "second-factor": reverse("admin:second_factor"),
        }


def show(cloud: SimulatedCloud) -> Showcase:
    """Fill the cloud: machines in several states, disks, a network, a project, keys, a job that failed, an alert."""
    user = UserFactory(username="anna", account=cloud.account)
    api = cloud.api
    for name in ("web-1", "web-2", "db-1"):
        cloud.deploy(name=name, displayname=name)
    run_jobs()
    volume: dict[str, Any] = api.call(
        "createVolume", name="data-1", zoneid=cloud.zone.uuid, diskofferingid=cloud.disk_offering.uuid
    )
    run_jobs()
    web, database = (VirtualMachine.objects.get(name=name) for name in ("web-1", "db-1"))
    api.call("attachVolume", id=volume["id"], virtualmachineid=web.uuid)
    api.call("stopVirtualMachine", id=database.uuid)
    api.call("registerSSHKeyPair", name="laptop", publickey=KEY)
    offering = NetworkOffering.objects.filter(guest_type="Isolated").order_by("pk").first()
    if offering is not None:
        api.call(
            "createNetwork", name="backend", displaytext="Back end", zoneid=cloud.zone.uuid,
            networkofferingid=offering.uuid,
        )  # fmt: skip
    api.call("createProject", name="shop", displaytext="The shop")
    run_jobs()
    raise_alert(AlertType.HOST, "host-1 is silent", description="It has not reported for a while", subject_uuid=None)
    return Showcase(cloud, user)
