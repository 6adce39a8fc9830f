"""Users make and run machines on their pages."""

import re
from collections.abc import Iterator
from html import unescape

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from apps.accounts.factories import AccountFactory, UserFactory
from apps.compute.config import LEASE_ENABLED, USER_EXPUNGE
from apps.compute.models import (
    AffinityGroup,
    InstanceGroup,
    Nic,
    ServiceOffering,
    SshKeyPair,
    UserData,
    VirtualMachine,
)
from apps.compute.web.operations import OPERATIONS
from apps.infrastructure.models import Zone
from cloudstack.framework.configuration import store
from cloudstack.framework.configuration.service import ConfigurationManager
from cloudstack.framework.jobs import AsyncJob
from cloudstack.testing.jobs import run_jobs
from tests.support.cloud import SimulatedCloud, build_cloud

DEPLOY = "/instances/new/deployvirtualmachine/"


@pytest.fixture
def cloud(db: None) -> Iterator[SimulatedCloud]:
    store.forget()
    yield build_cloud(hosts=2, clusters=1)
    store.forget()


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


def test_bad_input_is_told_at_its_field_and_nothing_is_lost(cloud: SimulatedCloud, anna: Client) -> None:
    form = wanted(cloud, anna.get(DEPLOY).content.decode())
    custom = ServiceOffering.objects.create(
        name="own", is_customized=True, disk_offering=cloud.offering.disk_offering, max_cpus=4, cpu_mhz=500
    )
    bad = {
        "name": ({"name": "-no name-"}, "is no host name"),
        "rootdisksize": ({"rootdisksize": "lots"}, "whole number"),
        "serviceofferingid": ({"serviceofferingid": "nonsense"}, "nonsense"),
        "details.cpuNumber": ({"serviceofferingid": str(custom.uuid), "details.cpuNumber": "9"}, "allows 1 to 4"),
        "details.memory": ({"serviceofferingid": str(custom.uuid), "details.cpuNumber": "2"}, "memory is needed"),
    }
    for field, (wrong, why) in bad.items():
        answer = anna.post(DEPLOY, {**form, "userdata": "#!/bin/sh\necho <hello>", **wrong})
        page = answer.content.decode()
        assert answer.status_code == 422, field
        [at] = [one for one in page.split('<div class="field')[1:] if one.startswith(" wrong")]
        assert f'name="{field}"' in at, field
        assert why in unescape(at), at
        assert filled(page)["displayname"] == "Web server"
        assert "echo &lt;hello&gt;" in page
    assert not VirtualMachine.objects.exists()


def test_another_zone_offers_other_things_and_keeps_what_is_filled_in(cloud: SimulatedCloud, anna: Client) -> None:
    bare = Zone.objects.create(
        name="bare", network_type="Advanced", dns1="10.0.0.1", internal_dns1="10.0.0.1", allocation_state="Enabled"
    )
    page = anna.get(DEPLOY).content.decode()
    assert cloud.network.name in page
    form = wanted(cloud, page) | {"zoneid": str(bare.uuid), "go": "offer"}
    answer = anna.post(DEPLOY, form)
    text = answer.content.decode()
    assert answer.status_code == 200
    assert cloud.network.name not in text
    assert "You have no network in this zone yet" in text
    kept = filled(text)
    assert (kept["displayname"], kept["idempotency"]) == ("Web server", form["idempotency"])
    assert kept["serviceofferingid"] == str(cloud.offering.uuid)
    assert 'class="mistake"' not in text


def test_pages_take_the_same_statements_whatever_there_is(cloud: SimulatedCloud, anna: Client) -> None:
    def make(number: int) -> str:
        return str(cloud.deploy(name=f"vm-{number}", displayname=f"Machine {number}")["id"])

    def statements(url: str) -> int:
        anna.get(url)
        with CaptureQueriesContext(connection) as queries:
            assert anna.get(url).status_code == 200
        return len(queries)

    uuid = make(0)
    run_jobs()
    listed, shown = statements("/instances/?sort=-created"), statements(f"/instances/{uuid}/")
    for number in range(1, 6):
        make(number)
    run_jobs()
    assert statements("/instances/?sort=-created") <= listed <= 9
    assert statements(f"/instances/{uuid}/") <= shown <= 17
    assert statements(DEPLOY) <= 30
    page = anna.get("/instances/?sort=displayname").content.decode()
    assert page.index("Machine 0") < page.index("Machine 5")
    page = anna.get("/instances/?sort=-displayname").content.decode()
    assert page.index("Machine 0") > page.index("Machine 5")
    assert 'aria-sort="descending"' in page
    address = Nic.objects.get(vm__uuid=uuid).ipv4
    assert address in page


def test_nobody_reaches_the_machine_of_another_tenant(cloud: SimulatedCloud, anna: Client) -> None:
    uuid = str(cloud.deploy(displayname="secret")["id"])
    run_jobs()
    stranger = browser_of(AccountFactory(name="stranger"))
    assert "secret" not in stranger.get("/instances/").content.decode()
    before = AsyncJob.objects.count()
    pages = ["", *(f"do/{operation.key}/" for operation in OPERATIONS), "do/attachvolume/", "do/createtags/"]
    for page in pages:
        assert stranger.get(f"/instances/{uuid}/{page}").status_code == 404, page
        assert stranger.post(f"/instances/{uuid}/{page}", {"go": "do", "confirmed": "1"}).status_code == 404, page
    chosen = {"operation": "stopvirtualmachine", "chosen": uuid}
    assert stranger.post("/instances/several/", chosen).status_code == 404
    assert AsyncJob.objects.count() == before
    assert anna.get(f"/instances/{uuid}/").status_code == 200


def test_what_the_state_does_not_allow_says_why(cloud: SimulatedCloud, anna: Client) -> None:
    uuid = str(cloud.deploy(displayname="one")["id"])
    run_jobs()

    def refusals() -> dict[str, str]:
        bar = "".join(anna.get(f"/instances/{uuid}/?part={part}").content.decode() for part in ("bar", "more"))
        return {
            key: unescape(why) for key, why in re.findall(r'<li id="why-([^"]+)"><strong>.*?</strong>: (.*?)</li>', bar)
        }

    running = refusals()
    assert "Running" in running["startvirtualmachine"]
    assert "Running" in running["scalevirtualmachine"]
    assert "take no password" in running["resetpasswordforvirtualmachine"]
    possible = {"stopvirtualmachine", "updatevirtualmachine", "restorevirtualmachine", "destroyvirtualmachine"}
    assert not possible & running.keys()
    assert anna.post(f"/instances/{uuid}/do/stopvirtualmachine/").status_code == 302
    run_jobs()
    stopped = refusals()
    assert "Stopped" in stopped["rebootvirtualmachine"]
    assert not {"startvirtualmachine", "scalevirtualmachine"} & stopped.keys()


def test_a_machine_is_changed_and_ended(cloud: SimulatedCloud, anna: Client) -> None:
    ConfigurationManager().update(caller=cloud.root, name=LEASE_ENABLED.name, value="true")
    uuid = str(cloud.deploy(displayname="one", name="one", startvm=False)["id"])
    run_jobs()

    def do(key: str, **data: str) -> int:
        url = f"/instances/{uuid}/do/{key}/"
        form = filled(anna.get(url).content.decode()) | {"go": "do"} | data
        answer = anna.post(url, form)
        run_jobs()
        return answer.status_code

    assert do("updatevirtualmachine", displayname="two", group="servers", haenable="on") == 302
    vm = VirtualMachine.objects.get(uuid=uuid)
    assert (vm.display_name, vm.name, vm.group.name, vm.ha_enabled) == ("two", "one", "servers", True)
    assert do("updatevirtualmachine", group="") == 302
    vm.refresh_from_db()
    assert (vm.group, vm.display_name, vm.ha_enabled) == (None, "two", True)
    assert do("lease", leaseduration="3", leaseexpiryaction="STOP") == 302
    assert do("createtags", **{"tags.key": "env", "tags.value": "test"}) == 302
    assert do("createvmschedule", action="STOP", schedule="0 22 * * *") == 302
    assert do("addnictovirtualmachine", networkid=str(cloud.network.uuid)) == 422
    page = unescape(anna.get(f"/instances/{uuid}/").content.decode())
    for text in ("env", "0 22 * * *", cloud.network.name, "ROOT", "then it is stopped"):
        assert text in page, text
    [tag] = re.findall(rf"/instances/{uuid}/do/deletetags/(\w+)/", page)
    assert anna.post(f"/instances/{uuid}/do/deletetags/{tag}/").status_code == 302
    run_jobs()
    assert "deletetags" not in anna.get(f"/instances/{uuid}/").content.decode()

    assert do("destroyvirtualmachine", confirmed="1", typed="three") == 422
    assert do("destroyvirtualmachine", confirmed="1", typed="two") == 302
    vm.refresh_from_db()
    assert vm.state == "Destroyed"
    # An operator may leave this to himself; then the page says so.
    assert "may not" in unescape(anna.get(f"/instances/{uuid}/?part=bar").content.decode())
    ConfigurationManager().update(caller=cloud.root, name=USER_EXPUNGE.name, value="true")
    assert do("recovervirtualmachine") == 302
    vm.refresh_from_db()
    assert vm.state == "Stopped"


def test_a_new_password_is_shown_once_to_who_asked(cloud: SimulatedCloud, anna: Client) -> None:
    cloud.template.password_enabled = True
    cloud.template.save()
    uuid = str(cloud.deploy(displayname="one", startvm=False)["id"])
    run_jobs()
    answer = anna.post(f"/instances/{uuid}/do/resetpasswordforvirtualmachine/", {"go": "do"})
    run_jobs()
    password = VirtualMachine.objects.get(uuid=uuid).password.reveal()
    page = anna.get(answer.url).content.decode()
    assert "Show it" in page
    assert password not in page
    colleague = browser_of(cloud.account)
    assert "Show it" not in colleague.get(answer.url).content.decode()
    assert password not in colleague.post(answer.url).content.decode()
    shown = anna.post(answer.url)
    assert password in shown.content.decode()
    assert "no-store" in shown["Cache-Control"]
    assert "Show it" not in anna.get(answer.url).content.decode()
    assert password not in anna.post(answer.url).content.decode()


def test_keys_data_and_groups_are_kept_and_deleted(cloud: SimulatedCloud, anna: Client) -> None:
    made = anna.post("/keys/new/createsshkeypair/", {"name": "fresh", "go": "do"})
    assert "BEGIN" in made.content.decode()
    assert "no-store" in made["Cache-Control"]
    pair = SshKeyPair.objects.get()
    page = anna.get(f"/keys/{pair.uuid}/").content.decode()
    assert "fresh" in page
    assert "BEGIN" not in page
    anna.post("/user-data/new/registeruserdata/", {"name": "boot", "userdata": "#cloud-config\r\na: 1", "go": "do"})
    data = UserData.objects.get()
    assert "a: 1" in anna.get(f"/user-data/{data.uuid}/").content.decode()
    anna.post("/affinity-groups/new/createaffinitygroup/", {"name": "apart", "type": "host anti-affinity"})
    anna.post("/groups/new/createinstancegroup/", {"name": "servers"})
    run_jobs()
    for slug, model, key in (
        ("keys", SshKeyPair, "deletesshkeypair"),
        ("user-data", UserData, "deleteuserdata"),
        ("affinity-groups", AffinityGroup, "deleteaffinitygroup"),
        ("groups", InstanceGroup, "deleteinstancegroup"),
    ):
        uuid = model.objects.get().uuid
        assert anna.get(f"/{slug}/{uuid}/").status_code == 200, slug
        answer = anna.post(f"/{slug}/{uuid}/do/{key}/", {"confirmed": "1", "go": "do"})
        assert answer.status_code == 302, slug
        run_jobs()
        assert not model.objects.exists(), slug
