"""Users make and run machines on their pages."""

import re
from collections.abc import Iterator
from html import unescape

import pytest
from django.test import Client

from apps.accounts.factories import UserFactory
from apps.compute.models import SshKeyPair, VirtualMachine
from cloudstack.framework.jobs import AsyncJob
from cloudstack.testing.jobs import run_jobs
from tests.support.cloud import SimulatedCloud, build_cloud

DEPLOY = "/instances/new/deployvirtualmachine/"


@pytest.fixture
def cloud(db: None) -> Iterator[SimulatedCloud]:
    yield build_cloud(hosts=2, clusters=1)


@pytest.fixture
def anna(cloud: SimulatedCloud) -> Client:
    return browser_of(cloud.account)


def browser_of(account: object) -> Client:
    client = Client()
    client.force_login(UserFactory(account=account))
    return client


def filled(page: str) -> dict[str, str]:
    """What a browser would send of the page's form if nothing more were filled in."""
    found = {}
    for tag in re.findall(r"<input[^>]*>", page):
        attrs = dict(re.findall(r'([a-z-]+)="([^"]*)"', tag))
        kind = attrs.get("type", "text")
        if "name" in attrs and (kind not in ("radio", "checkbox") or " checked" in tag):
            found[attrs["name"]] = unescape(attrs.get("value", "on" if kind == "checkbox" else ""))
    for name, options in re.findall(r'<select name="([^"]+)".*?>(.*?)</select>', page, re.S):
        chosen = re.search(r'<option value="([^"]*)" selected', options)
        found[name] = chosen.group(1) if chosen else ""
    found.pop("csrfmiddlewaretoken", None)
    return found


def wanted(cloud: SimulatedCloud, page: str) -> dict[str, str]:
    return {
        **filled(page),
        "serviceofferingid": str(cloud.offering.uuid),
        "networkids": str(cloud.network.uuid),
        "displayname": "Web server",
        "name": "web-1",
        "tags.key": "",
    }


def test_a_machine_is_made_from_one_page_once(cloud: SimulatedCloud, anna: Client) -> None:
    SshKeyPair.objects.create(
        account=cloud.account, domain=cloud.account.domain, name="laptop", public_key="ssh-ed25519 A", fingerprint="f"
    )
    page = anna.get(DEPLOY).content.decode()
    form = wanted(cloud, page)
    # One zone and one template: they are chosen already.
    assert form["zoneid"] == str(cloud.zone.uuid)
    assert form["templateid"] == str(cloud.template.uuid)
    assert form["startvm"] == "on"
    form |= {"keypairs": "laptop", "userdata": "#cloud-config\n", "diskofferingid": str(cloud.disk_offering.uuid)}

    planned = anna.post(DEPLOY, {**form, "go": "plan"})
    text = planned.content.decode()
    assert planned.status_code == 200
    assert "What would happen" in text
    assert "What this machine takes of your limits" in text
    assert not VirtualMachine.objects.exists()
    assert filled(text)["idempotency"] == form["idempotency"]
    assert filled(text)["displayname"] == "Web server"

    first, again = anna.post(DEPLOY, form), anna.post(DEPLOY, form)
    assert first.status_code == again.status_code == 302
    vm = VirtualMachine.objects.get()
    assert first.url == again.url == f"/instances/{vm.uuid}/"
    assert AsyncJob.objects.filter(command="deployVirtualMachine").count() == 1
    assert (vm.name, vm.display_name, vm.key_pair_names) == ("web-1", "Web server", "laptop")
    assert vm.user_data.reveal() == "I2Nsb3VkLWNvbmZpZwo="
    run_jobs()
    page = anna.get(first.url).content.decode()
    assert "Web server" in page
    assert "Running" in page
    assert "laptop" in page
