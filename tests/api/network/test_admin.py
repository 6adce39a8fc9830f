"""The operators' pages: they show rows, change nothing by a form, and run the same commands as every door."""

import pytest
from django.apps import apps
from django.test import Client
from django.urls import reverse

from apps.accounts.admin.commands import CONFIRMED, TYPED, typed_for
from apps.accounts.factories import AccountFactory, UserFactory
from apps.network.factories import NetworkFactory, NetworkOfferingFactory
from apps.network.models import Network, NetworkHost, NetworkOffering, VniAllocation
from apps.network.services.addresses import reserve_nic
from apps.network.states import OfferingState
from cloudstack.framework.jobs import AsyncJob

pytestmark = pytest.mark.django_db


@pytest.fixture
def pages(site) -> Client:
    user = UserFactory(account=AccountFactory(root_admin=True))
    client = Client()
    client.force_login(user, backend="apps.accounts.backends.DomainUserBackend")
    return client


@pytest.fixture
def rows(site) -> Network:
    network = NetworkFactory(shared=True, physical_network=site.physical)
    reserve_nic(network=network, nic_uuid="6b1e6c60-0000-4000-8000-000000000001")
    NetworkHost.objects.create(network=network, host=site.zone.hosts.get(), bridge="brvx-1")
    return network


def models() -> list[str]:
    return sorted(
        model._meta.model_name for model in apps.get_app_config("network").get_models(include_auto_created=False)
    )


@pytest.mark.parametrize("model", models())
def test_every_list_opens_and_can_be_searched(pages, rows, model: str) -> None:
    url = reverse(f"admin:network_{model}_changelist")
    assert pages.get(url).status_code == 200
    assert pages.get(url, {"q": "1"}).status_code == 200


def test_a_network_is_shown_with_its_hosts(pages, rows) -> None:
    page = pages.get(reverse("admin:network_network_change", args=[rows.pk]))
    assert page.status_code == 200
    assert b"brvx-1" in page.content


def test_no_form_changes_a_row(pages, rows) -> None:
    url = reverse("admin:network_network_change", args=[rows.pk])
    assert pages.post(url, {"name": "changed"}).url == url
    assert pages.get(reverse("admin:network_network_add")).status_code == 403
    assert pages.post(reverse("admin:network_network_delete", args=[rows.pk])).status_code == 403
    rows.refresh_from_db()
    assert rows.name != "changed"
    assert VniAllocation.objects.count() == 1


def act(pages: Client, model: str, action: str, *pks: int):
    url = reverse(f"admin:network_{model}_changelist")
    typed = typed_for(list(apps.get_model("network", model)._default_manager.filter(pk__in=pks)))
    data = {"action": action, "_selected_action": list(pks), CONFIRMED: "yes", TYPED: typed}
    return pages.post(url, data, follow=True)


def test_actions_submit_jobs(pages, rows) -> None:
    page = act(pages, "network", "restartNetwork_true", rows.pk)
    assert b"job" in page.content
    assert AsyncJob.objects.get().arguments["cleanup"] is True
    assert AsyncJob.objects.get().name == "network.network.restart"


def test_a_refusal_is_shown(pages, rows) -> None:
    page = act(pages, "network", "deleteNetwork", rows.pk)
    assert b"card of machines" in page.content
    assert not AsyncJob.objects.exists()


def test_actions_change_offerings(pages, site) -> None:
    offering = NetworkOfferingFactory()
    act(pages, "networkoffering", "updateNetworkOffering_Disabled", offering.pk)
    offering.refresh_from_db()
    assert offering.state == OfferingState.DISABLED
    act(pages, "networkoffering", "deleteNetworkOffering", offering.pk)
    assert not NetworkOffering.objects.filter(pk=offering.pk).exists()
