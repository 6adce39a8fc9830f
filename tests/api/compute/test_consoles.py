"""Permissions to open consoles, over the command API."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from apps.accounts.factories import AccountFactory, UserFactory
from apps.accounts.models import User
from apps.compute.models import ConsoleSession, VirtualMachine
from apps.compute.scheduled import clean_up_consoles
from apps.compute.services import console as sessions
from apps.compute.services.console import ConsoleManager, ConsoleRefused, hash_of
from cloudstack.testing.api import ApiError
from tests.support.cloud import client_of

from .conftest import NOBODY, Cloud


def endpoint(cloud: Cloud, vm: dict[str, Any], api: Any = None, **more: Any) -> dict[str, Any]:
    made = (api or cloud.api).call("createConsoleEndpoint", virtualmachineid=vm["id"], **more)["consoleendpoint"]
    return dict(made)


def test_a_permission_names_where_to_go_and_keeps_no_token(cloud: Cloud) -> None:
    vm = cloud.machine()
    made = endpoint(cloud, vm)
    socket = made["websocket"]
    assert made["success"] is True and made["url"].endswith(f"/console/{vm['id']}")
    assert socket["path"] == f"console/ws/{socket['token']}" and socket["host"] and socket["port"].isdecimal()
    assert len(socket["token"]) >= 40 and "extra" not in socket
    row = ConsoleSession.objects.get()
    assert row.token_hash == hash_of(socket["token"])
    again = endpoint(cloud, vm)["websocket"]
    assert again["token"] != socket["token"]
    with pytest.raises(ConsoleRefused, match="used already"):
        sessions.claim(token=socket["token"])
    assert sessions.claim(token=again["token"], address="192.0.2.7").vm.uuid == row.vm.uuid
    with pytest.raises(ConsoleRefused, match="used already"):
        sessions.claim(token=again["token"])


def test_a_machine_that_does_not_run_has_no_console(cloud: Cloud) -> None:
    made = endpoint(cloud, cloud.run(cloud.deploy(startvm=False)))
    assert made["success"] is False and "is Stopped. Only a running machine has a console" in made["details"]
    assert "websocket" not in made and not ConsoleSession.objects.exists()


def test_another_tenants_machine_is_as_unknown_as_one_that_is_not_there(
    cloud: Cloud, refusal: Callable[..., ApiError]
) -> None:
    vm = cloud.machine()
    there, not_there = (
        refusal(cloud.lawyer, "createConsoleEndpoint", virtualmachineid=uuid) for uuid in (vm["id"], NOBODY)
    )
    assert there.code == not_there.code == 431
    assert there.text.replace(vm["id"], "") == not_there.text.replace(NOBODY, "")
    assert endpoint(cloud, vm, cloud.sales_admin)["success"] and endpoint(cloud, vm, cloud.admin)["success"]
    colleague = client_of(cloud.account)
    assert endpoint(cloud, vm, colleague)["success"]
    # Without a right to it: his own account's other user, an unprivileged one of the same domain.
    neighbour = client_of(AccountFactory(domain=cloud.account.domain))
    assert refusal(neighbour, "createConsoleEndpoint", virtualmachineid=vm["id"]).code == 431


def test_sessions_are_listed_for_whom_they_concern(cloud: Cloud) -> None:
    vm = cloud.machine()
    token = endpoint(cloud, vm)["websocket"]["token"]
    sessions.claim(token=token, address="192.0.2.7")
    endpoint(cloud, vm, cloud.admin)
    [mine] = cloud.api.items("listConsoleSessions")
    assert (mine["virtualmachineid"], mine["virtualmachinename"]) == (vm["id"], vm["name"])
    assert (mine["clientaddress"], mine["account"], mine["domainpath"]) == ("192.0.2.7", "seller", "ROOT/sales")
    assert mine["acquired"] and "removed" not in mine and "hostid" not in mine
    assert cloud.lawyer.items("listConsoleSessions") == []
    assert [row["id"] for row in cloud.sales_admin.items("listConsoleSessions")] == [mine["id"]]
    everything = cloud.admin.items("listConsoleSessions", virtualmachineid=vm["id"])
    assert len(everything) == 2 and all(row["hostid"] for row in everything)
    for wanted, found in (
        ({"acquired": True}, [mine["id"]]),
        ({"clientaddress": "192.0.2.7"}, [mine["id"]]),
        ({"accountid": mine["accountid"]}, [mine["id"]]),
        ({"userid": mine["userid"], "activeonly": True}, [mine["id"]]),
        ({"domainid": mine["domainid"], "isrecursive": True}, [mine["id"]]),
        ({"keyword": vm["name"], "startdate": "2099-01-01"}, []),
        ({"id": mine["id"]}, [mine["id"]]),
        ({"hostid": everything[0]["hostid"], "enddate": "2020-01-01"}, []),
    ):
        assert [row["id"] for row in cloud.admin.items("listConsoleSessions", **wanted)] == found, wanted
    sessions.end(session=ConsoleSession.objects.get(uuid=mine["id"]), reason="closed by the user")
    assert cloud.api.items("listConsoleSessions", activeonly=True) == []
    assert cloud.api.items("listConsoleSessions")[0]["removed"]


def test_what_nobody_opened_what_was_lost_and_what_is_old_is_cleared(cloud: Cloud) -> None:
    vm = cloud.machine()
    owner, now = User.objects.filter(account=cloud.account).first(), timezone.now()
    users = [owner, *(UserFactory(account=cloud.account) for _ in range(3))]
    waiting, late, lost, live = (
        ConsoleManager().create(caller=caller_of(user), vm=cloud.row(vm)).session for user in users
    )
    ConsoleSession.objects.filter(pk=late.pk).update(expires=now - timedelta(seconds=1))
    ConsoleSession.objects.filter(pk=lost.pk).update(acquired=now, seen=now - timedelta(minutes=5))
    ConsoleSession.objects.filter(pk=live.pk).update(acquired=now, seen=now)
    clean_up_consoles()
    reasons = {row.pk: row.end_reason for row in ConsoleSession.objects.filter(ended__isnull=False)}
    assert reasons == {late.pk: "not opened in time", lost.pk: "its server is gone"}
    long_ago = now - timedelta(hours=241)
    ConsoleSession.objects.filter(pk__in=[late.pk, live.pk]).update(created=long_ago)
    ConsoleSession.objects.filter(pk=late.pk).update(ended=long_ago)
    clean_up_consoles()
    assert set(ConsoleSession.objects.values_list("pk", flat=True)) == {waiting.pk, lost.pk, live.pk}


def caller_of(user: User | None) -> Any:
    from cloudstack.api import authentication

    assert user is not None
    return authentication.get().caller_by_user(user.pk)


class Browser:
    """Somebody who is logged in to the pages."""

    def __init__(self, user: User | None = None):
        self.client = Client(enforce_csrf_checks=True)
        if user is not None:
            self.client.force_login(user)

    def page(self, uuid: str) -> Any:
        return self.client.get(f"/console/{uuid}")

    def connect(self, uuid: str, *, proven: bool = True) -> Any:
        token = self.client.cookies["csrftoken"].value if proven else "x"
        return self.client.post(f"/console/{uuid}/session", headers={"X-CSRFToken": token})


def test_the_page_asks_for_a_token_of_its_own(cloud: Cloud, django_assert_max_num_queries: Callable[..., Any]) -> None:
    vm = cloud.machine()
    owner = User.objects.filter(account=cloud.account).latest("pk")
    browser = Browser(owner)
    with django_assert_max_num_queries(6):
        page = browser.page(vm["id"])
    policy = page["Content-Security-Policy"]
    assert page.status_code == 200 and "script-src 'self';" in policy and "unsafe" not in policy
    assert not ConsoleSession.objects.exists(), "a page that is only looked at opens nothing"
    assert browser.connect(vm["id"], proven=False).status_code == 403
    made = browser.connect(vm["id"])
    assert made.status_code == 200 and made.json()["path"].startswith("/console/ws/")
    row = ConsoleSession.objects.get()
    assert (row.user, row.creator_address) == (owner, "127.0.0.1")
    assert row.token_hash == hash_of(made.json()["path"].rpartition("/")[2])
    VirtualMachine.objects.filter(uuid=vm["id"]).update(state="Stopped")
    assert "Only a running machine has a console" in browser.page(vm["id"]).content.decode()
    stopped = browser.connect(vm["id"])
    assert stopped.status_code == 409 and "is Stopped" in stopped.json()["refusal"]


def test_the_page_shows_strangers_nothing(cloud: Cloud) -> None:
    vm = cloud.machine()
    lawyer = Browser(User.objects.filter(account=cloud.lawyer_account).latest("pk"))
    assert lawyer.page(vm["id"]).status_code == lawyer.page(NOBODY).status_code == 404
    browser = Browser(User.objects.filter(account=cloud.account).latest("pk"))
    browser.page(vm["id"])
    lawyer.client.cookies["csrftoken"] = browser.client.cookies["csrftoken"].value
    assert [lawyer.connect(uuid).status_code for uuid in (vm["id"], NOBODY)] == [403, 403]
    nobody = Browser()
    assert nobody.page(vm["id"]).status_code == 302
    nobody.client.cookies["csrftoken"] = browser.client.cookies["csrftoken"].value
    signed_out = nobody.connect(vm["id"])
    assert signed_out.status_code == 401 and "signed out" in signed_out.json()["refusal"]
    assert not ConsoleSession.objects.exists()


def test_the_admins_machine_page_leads_to_the_console(cloud: Cloud) -> None:
    vm = cloud.machine()
    root = Client()
    root.force_login(User.objects.get(pk=cloud.root.user_id))
    row = cloud.row(vm)
    path = f"/admin/compute/virtualmachine/{row.pk}/operations/"
    assert f'href="/console/{vm["id"]}"' in root.get(path).content.decode()
    VirtualMachine.objects.filter(pk=row.pk).update(state="Stopped")
    assert "/console/" not in root.get(path).content.decode()
