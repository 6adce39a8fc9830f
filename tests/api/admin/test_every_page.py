"""Every registered model: its list and its pages open, cost a bounded number of statements, and write nothing."""

import uuid
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.contrib import admin
from django.db import connection
from django.db.models import Model
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from apps.accounts.admin.base import CloudAdmin
from apps.accounts.factories import PASSWORD, ApiKeyPairFactory, ApiTokenFactory, UserFactory, join_project, project_of
from apps.accounts.models import ProjectInvitation, RecoveryCode, ResourceLimit, RolePermission, TwoFactor, User
from apps.compute.factories import affinity_group, ssh_key_pair, user_data
from apps.compute.models import (
    AffinityMembership,
    ClusterDrsMigration,
    ClusterDrsPlan,
    Drive,
    MachineHistory,
    MachineSample,
    MachineStateHistory,
    MachineUsage,
    TemplateUserData,
    UnmanagedVm,
    VirtualMachine,
)
from apps.infrastructure.models import CapacityHistory, Dedication, HostHistory
from apps.metadata.factories import detail, icon, note, tag
from apps.network.models import GuestVlanRange, PhysicalNetwork
from apps.portal.models import Region, ZoneSetup
from apps.storage.factories import TemplateFactory
from apps.storage.models import DownloadTicket, ImageStore, StoppedForPool, StoragePool, UploadTicket
from cloudstack.api import registry
from cloudstack.api.models import IdempotentCall
from cloudstack.framework.alerts.service import raise_alert
from cloudstack.framework.alerts.types import AlertType
from cloudstack.framework.configuration.models import ConfigValue, SettingChange
from cloudstack.framework.jobs.models import AsyncJob, JobLock, JobLog
from cloudstack.framework.nodes.models import ManagementServer
from cloudstack.framework.scheduler.models import ScheduledRun
from cloudstack.framework.secrets import EncryptedField
from cloudstack.testing.plugin_models import unowned_by_plugins
from tests.support.cloud import SimulatedCloud
from tests.support.owned import OWNED

pytestmark = pytest.mark.slow

OURS = ("cloudstack.", "apps.", "plugins.")
MOST_FOR_A_LIST = 10
MOST_FOR_A_PAGE = 16
"""Session, user and caller are three of them."""


def pages() -> list[tuple[type[Model], admin.ModelAdmin]]:
    return [(model, page) for model, page in admin.site._registry.items() if model.__module__.startswith(OURS)]


def path_of(model: type[Model], *parts: Any) -> str:
    return "/".join(["/admin", model._meta.app_label, model._meta.model_name or "", *map(str, parts)]) + "/"


@pytest.fixture
def full(cloud: SimulatedCloud, machines: list[str]) -> None:
    """Two rows more of what a running cloud does not have by itself."""
    for host in cloud.hosts[:2]:
        Dedication.objects.create(host=host, domain=cloud.account.domain)
    for vm in VirtualMachine.objects.all()[:2]:
        plan = ClusterDrsPlan.objects.create(cluster=cloud.hosts[0].cluster)
        hosts = {"source": cloud.hosts[0], "destination": cloud.hosts[1]}
        ClusterDrsMigration.objects.create(plan=plan, vm=vm, **hosts)
    for pool in StoragePool.objects.all()[:2]:
        StoppedForPool.objects.create(pool=pool, machine_uuid=uuid.uuid4())
    job = AsyncJob.objects.order_by("-pk").first()
    for number in range(2):
        for another in unowned_by_plugins().values():
            another(number)
        RecoveryCode.objects.create(
            factor=TwoFactor.objects.create(user=UserFactory(account=cloud.account), provider="totp", secret="x"),
            code_hash="x",
        )
        ApiTokenFactory(user=ApiKeyPairFactory(user=UserFactory(account=cloud.account)).user)
        ssh_key_pair(cloud.account, f"key-{number}")
        ConfigValue.objects.create(name=f"x.{number}", value="1")
        SettingChange.objects.create(name=f"x.{number}", before_set=False, after="1", after_set=True)
        ScheduledRun.objects.create(name=f"x.{number}", started=timezone.now(), finished=timezone.now())
        JobLock.objects.create(job=job, name=f"vm:{number}")
        JobLog.objects.create(job=job, text="a line")
        ResourceLimit.objects.create(account=cloud.account, type=number, max=5)
        RolePermission.objects.create(
            role_id=cloud.account.role_id, rule=f"x{number}*", permission="allow", position=number
        )
        tag(cloud.account, "Account", f"key-{number}")
        icon((cloud.account, cloud.account.domain)[number], ("Account", "Domain")[number])
        note(cloud.zone, "ZONE", "x", User.objects.first())
        detail(cloud.network, "Network", f"key-{number}")
        disc = TemplateFactory(account=cloud.account, format="ISO")
        Drive.objects.create(vm=VirtualMachine.objects.get(uuid=machines[number]), iso=disc)
        project = project_of(cloud.account)
        member = join_project(project, UserFactory(account=cloud.account), deny=f"x{number}*")
        ProjectInvitation.objects.create(project=project, user=member.user)
        DownloadTicket.objects.create(
            image=disc, store=ImageStore.objects.get(), file_name="x.iso", expires=timezone.now()
        )
        UploadTicket.objects.create(template=TemplateFactory(account=cloud.account), expires=timezone.now())
        raise_alert(AlertType.CPU, f"alert {number}", description="x")
        owner = UserFactory()
        for make in OWNED.values():
            make(owner)
        vm = VirtualMachine.objects.get(uuid=machines[number])
        AffinityMembership.objects.create(vm=vm, group=affinity_group(cloud.account, f"group-{number}"))
        for figures in (MachineSample, MachineUsage):
            figures.objects.create(vm=vm, taken=timezone.now())
        over_time = {"width_s": 300, "began": timezone.now() + timedelta(minutes=number)}
        MachineHistory.objects.create(vm=vm, **over_time)
        MachineStateHistory.objects.create(zone=cloud.zone, state=vm.state, **over_time)
        HostHistory.objects.create(host=cloud.hosts[0], **over_time)
        CapacityHistory.objects.create(zone=cloud.zone, type=1, **over_time)
        TemplateUserData.objects.create(template=disc, user_data=user_data(owner.account, "linked"))
        GuestVlanRange.objects.create(
            account=cloud.account, domain=cloud.account.domain, start=number, end=number,
            physical_network=PhysicalNetwork.objects.first(),
        )  # fmt: skip
        UnmanagedVm.objects.create(
            host=cloud.hosts[0], machine_uuid=uuid.uuid4(), name=f"old-{number}", power="on", cpus=1, memory_mib=512,
            disks=[{"path": "x", "size_bytes": 1, "device_id": 0, "storage": "x"}], nics=[{"mac": "x", "network": "x"}],
        )  # fmt: skip
        ManagementServer.objects.create(name=f"server-{number}", web_seen=timezone.now())
        ZoneSetup.objects.create(user=owner, zone=cloud.zone, name=f"zone-{number}")
        Region.objects.create(number=100 + number, name=f"region-{number}")
        IdempotentCall.objects.create(user=owner, key="k", command="startVirtualMachine", fingerprint="x")


def statements(ask: Callable[[], Any]) -> int:
    with CaptureQueriesContext(connection) as captured:
        response = ask()
    assert response.status_code == 200, response.status_code
    return len(captured)


@pytest.mark.timeout(900)
def test_lists_cost_the_same_whatever_their_length(
    operator: Client, full: None, subtests: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    dear: dict[str, int] = {}
    for model, page in pages():
        with subtests.test(model=model._meta.label):
            url = path_of(model)
            # Columns are prepared at the first look.
            assert operator.get(url, {"q": "a"}).status_code == 200
            monkeypatch.setattr(page, "list_per_page", 1)
            short = statements(lambda url=url: operator.get(url))
            monkeypatch.setattr(page, "list_per_page", 100)
            long = statements(lambda url=url: operator.get(url))
            rows = model._default_manager.count()
            assert long <= short, f"{long} statements for {rows} rows, {short} for one"
            if long > MOST_FOR_A_LIST:
                dear[model._meta.label] = long
            assert operator.get(url, {"q": str(uuid.uuid4())}).status_code == 200
    assert dear == {}


@pytest.mark.timeout(900)
def test_pages_open_and_cost_little(operator: Client, full: None, subtests: Any) -> None:
    dear: dict[str, int] = {}
    empty = set()
    for model, _page in pages():
        first = model._default_manager.order_by("pk").first()
        if first is None:
            empty.add(model._meta.label)
            continue
        with subtests.test(model=model._meta.label):
            url = path_of(model, first.pk, "change")
            # A page is found by the public name too; what it prepares at the first look is not counted.
            public = getattr(first, "uuid", None) or first.pk
            assert operator.get(path_of(model, public, "change")).status_code == 200
            count = statements(lambda url=url: operator.get(url))
            if count > MOST_FOR_A_PAGE:
                dear[model._meta.label] = count
            # Each operation that the page offers is rehearsed.
            assert operator.get(path_of(model, first.pk, "operations")).status_code == 200
            assert operator.get(path_of(model, 10**9, "change")).status_code == 302
            assert operator.get(path_of(model, "no-number", "change")).status_code == 302
    assert dear == {}
    assert sorted(empty) == [], f"give the test rows of {sorted(empty)}"


def test_no_page_can_add_change_or_delete(operator: Client, full: None, subtests: Any) -> None:
    for model, _page in pages():
        first = model._default_manager.order_by("pk").first()
        if first is None:
            continue
        with subtests.test(model=model._meta.label):
            before = model._default_manager.filter(pk=first.pk).values().get()
            assert operator.get(path_of(model, "add")).status_code == 403
            assert operator.post(path_of(model, "add"), {"name": "x"}).status_code == 403
            assert operator.post(path_of(model, first.pk, "change"), {"name": "x"}).status_code in (302, 403)
            if model._meta.label != "simulator.Fault":
                answer = operator.post(path_of(model, first.pk, "delete"), {"post": "yes"})
                assert answer.status_code in (302, 403)
            listed = {"action": "delete_selected", "_selected_action": [first.pk], "post": "yes"}
            operator.post(path_of(model), listed)
            assert model._default_manager.filter(pk=first.pk).values().get() == before


def test_every_page_has_the_one_base() -> None:
    assert [model._meta.label for model, page in pages() if not isinstance(page, CloudAdmin)] == []


def test_no_page_shows_an_encrypted_column(operator: Client) -> None:
    request = type("Request", (), {"user": None})()
    for model, page in pages():
        secret = {field.name for field in model._meta.concrete_fields if isinstance(field, EncryptedField)}
        assert isinstance(page, CloudAdmin)
        fields = {getattr(field, "__name__", field) for field in page.get_readonly_fields(request)}
        assert not secret & {*fields, *page.list_display}, model


def test_every_command_of_a_page_exists_and_knows_its_parameters() -> None:
    wrong = []
    for model, page in pages():
        assert isinstance(page, CloudAdmin)
        keys = [command.key for command in page.all_commands()]
        assert len(keys) == len(set(keys)), model
        for command in page.all_commands():
            if command.call is not None:
                continue
            declared = registry.find(command.command)
            if declared is None:
                wrong.append(f"{model._meta.label}: {command.command}")
                continue
            known = {param.wire for param in declared.params.values()}
            used = {*command.fixed, *([command.ask.parameter] if command.ask else [])}
            if command.params is None:
                used.add(command.parameter)
            wrong += [f"{model._meta.label}: {command.command} {name}" for name in used - known]
    assert wrong == []


def test_nobody_else_gets_in(cloud: SimulatedCloud) -> None:
    UserFactory(username="tenant-user", account=cloud.account)
    client = Client()
    assert client.login(username=f"tenant-user@{cloud.account.domain.path}", password=PASSWORD)
    for path in ("/admin/", "/admin/settings/", "/admin/schedule/", "/admin/plugins/", path_of(AsyncJob)):
        answer = client.get(path)
        assert answer.status_code == 302 and "/admin/login/" in answer["Location"], path
