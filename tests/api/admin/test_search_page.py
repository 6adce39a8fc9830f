"""The page of everything that search finds."""

import pytest
from django.contrib.auth.models import Permission
from django.test import Client

from apps.accounts.factories import PASSWORD, AccountFactory, RoleFactory, UserFactory
from apps.compute.models import VirtualMachine
from apps.storage.factories import VolumeFactory
from cloudstack.framework.context import RoleType
from tests.support.cloud import SimulatedCloud

PAGE = "/admin/search/"


def shown(client: Client, **asked: object) -> dict[str, list[str]]:
    answer = client.get(PAGE, asked)
    assert answer.status_code == 200
    return {group["title"]: [row["found"].name for row in group["rows"]] for group in answer.context["groups"]}


def test_all_kinds_stand_on_one_page_and_more_of_one_on_another(operator: Client, cloud: SimulatedCloud) -> None:
    for number in range(12):
        VolumeFactory(account=cloud.account, name=f"blue-{number}", zone=cloud.zone)
    AccountFactory(name="blue team")
    answer = operator.get(PAGE, {"q": " blue "})
    assert {group["title"]: len(group["rows"]) for group in answer.context["groups"]} == {"Volumes": 10, "Accounts": 1}
    html = answer.content.decode()
    [more] = [group["more"] for group in answer.context["groups"] if group["more"]]
    assert more == "/admin/search/?q=blue&kind=Volume&show=50" and more.replace("&", "&amp;") in html
    assert f"{cloud.account.name} · " in html
    alone = shown(operator, q="blue", kind="Volume", show="50")
    assert {title: len(rows) for title, rows in alone.items()} == {"Volumes": 12}
    for odd in ("", "-1", "x", "9" * 400, "²"):
        assert len(shown(operator, q="blue", kind="Volume", show=odd)["Volumes"]) == 12, odd


@pytest.mark.parametrize(
    ("term", "says"),
    [("", "Type a name"), ("a", "at least 2"), ("a\0b", "control characters"), ("y" * 10_000, "10000 characters"),
     ("<script>alert(1)</script>", "Nothing that you may see")],
    ids=["nothing", "one", "nul", "endless", "script"],
)  # fmt: skip
def test_a_page_without_results_says_why(operator: Client, term: str, says: str) -> None:
    html = operator.get(PAGE, {"q": term}).content.decode()
    assert says in html and "<script>alert" not in html


def test_the_page_shows_only_what_one_may_open(cloud: SimulatedCloud, machines: list[str]) -> None:
    role = RoleFactory(type=RoleType.ADMIN)
    account = AccountFactory(role=role, domain=cloud.account.domain)
    user = UserFactory(username="reader", account=account)
    user.user_permissions.set(Permission.objects.filter(codename="view_virtualmachine"))
    client = Client()
    assert client.get(PAGE, {"q": "web"}).status_code == 302
    domain = account.domain.path.strip("/")
    assert client.login(username=f"reader@{domain}" if domain else "reader", password=PASSWORD)
    vm = VirtualMachine.objects.get(uuid=machines[0])
    assert shown(client, q=vm.name) == {"Virtual machines": [vm.name]}
    assert shown(client, q=cloud.hosts[0].name) == {}


def test_the_palette_leads_to_the_page_when_there_is_more(operator: Client, cloud: SimulatedCloud) -> None:
    for number in range(6):
        VolumeFactory(account=cloud.account, name=f"blue & {number}", zone=cloud.zone)
    tools = operator.get(PAGE, {"s": "blue &"}).context["results"]
    assert [tool.title for tool in tools][-1] == "All that is found"
    assert tools[-1].link == "/admin/search/?q=blue+%26"
    assert len(operator.get(tools[-1].link).context["groups"][0]["rows"]) == 6
