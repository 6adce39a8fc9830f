"""The admin shows the infrastructure at a steady price and acts through the commands only."""

import pytest
from django.test import Client
from django.urls import reverse

from apps.accounts.admin.commands import CONFIRMED, TYPED, typed_for
from apps.accounts.factories import AccountFactory, UserFactory
from apps.infrastructure.factories import HostFactory, ZoneFactory, simulated_zone
from apps.infrastructure.models import Host, Zone
from apps.infrastructure.states import ResourceState
from cloudstack.framework.jobs.models import AsyncJob
from cloudstack.testing.jobs import run_jobs

pytestmark = pytest.mark.django_db
PAGES = ["zone", "pod", "cluster", "host", "hostcapacity", "capacityreservation"]


@pytest.fixture
def operator() -> Client:
    client = Client()
    client.force_login(
        UserFactory(account=AccountFactory(root_admin=True)), backend="apps.accounts.backends.DomainUserBackend"
    )
    return client


def changelist(model: str) -> str:
    return reverse(f"admin:infrastructure_{model}_changelist")


def act(client: Client, action: str, *rows: Host | Zone):
    model = type(rows[0])._meta.model_name
    data = {"action": action, "_selected_action": [row.pk for row in rows], CONFIRMED: "yes", TYPED: typed_for(rows)}
    return client.post(changelist(model), data, follow=True)


@pytest.mark.parametrize("model", PAGES)
def test_page_costs_the_same_whatever_its_length(operator: Client, model: str, django_assert_max_num_queries) -> None:
    simulated_zone("a", pods=10, clusters=20, hosts=60)
    operator.get(changelist(model))
    with django_assert_max_num_queries(14):
        answer = operator.get(changelist(model), {"q": "a"})
    assert answer.status_code == 200


def test_no_form_writes_a_host(operator: Client) -> None:
    host = HostFactory()
    page = reverse("admin:infrastructure_host_change", args=[host.pk])
    assert operator.get(page).status_code == 200
    operator.post(page, {"status": "Removed", "resource_state": "Disabled", "name": "x"})
    assert operator.get(reverse("admin:infrastructure_host_add")).status_code == 403
    assert operator.post(reverse("admin:infrastructure_host_delete", args=[host.pk])).status_code == 403
    host.refresh_from_db()
    assert (host.status, host.resource_state) == ("Up", "Enabled")


def test_credentials_are_on_no_page(operator: Client) -> None:
    host = HostFactory(credentials='{"password": "hunter2hunter2"}')
    page = operator.get(reverse("admin:infrastructure_host_change", args=[host.pk]))
    assert b"hunter2" not in page.content
    assert b"credentials" not in page.content.lower()


def test_hosts_are_disabled_and_enabled_by_actions(operator: Client) -> None:
    hosts = [HostFactory(), HostFactory()]
    act(operator, "updateHost_Disable", *hosts)
    assert set(Host.objects.values_list("resource_state", flat=True)) == {ResourceState.DISABLED}
    act(operator, "updateHost_Enable", *hosts)
    assert set(Host.objects.values_list("resource_state", flat=True)) == {ResourceState.ENABLED}


def test_maintenance_is_a_job_and_comes_back(operator: Client) -> None:
    host = HostFactory()
    act(operator, "prepareHostForMaintenance", host)
    assert AsyncJob.objects.get().name == "infrastructure.host.maintain"
    run_jobs()
    host.refresh_from_db()
    assert host.resource_state == ResourceState.MAINTENANCE
    act(operator, "cancelHostMaintenance", host)
    act(operator, "reconnectHost", host)
    run_jobs()
    host.refresh_from_db()
    assert (host.status, host.resource_state) == ("Up", ResourceState.ENABLED)


def test_refused_action_says_why_and_the_others_go_on(operator: Client) -> None:
    enabled, disabled = HostFactory(), HostFactory(resource_state=ResourceState.DISABLED)
    page = act(operator, "deleteHost", enabled, disabled)
    assert b"disable it or put it into maintenance first" in page.content
    assert list(Host.objects.all()) == [enabled]


def test_zones_are_disabled_by_an_action(operator: Client) -> None:
    zone = ZoneFactory()
    act(operator, "updateZone_Disabled", zone)
    zone.refresh_from_db()
    assert zone.allocation_state == "Disabled"


def test_ordinary_users_do_not_get_in() -> None:
    client = Client()
    client.force_login(UserFactory(), backend="apps.accounts.backends.DomainUserBackend")
    assert client.get(changelist("host")).status_code in (302, 403)
