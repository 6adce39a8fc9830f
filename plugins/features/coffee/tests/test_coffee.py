"""Coffee through its doors: ordered, brewed, cancelled, counted, discarded, and nobody else's business."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from cloudstack.plugin.drivers import DriverError
from cloudstack.plugin.jobs import AsyncJob
from cloudstack.plugin.metrics import counted
from cloudstack.testing.api import ApiClient, ApiError
from cloudstack.testing.jobs import run_jobs
from cloudstack.testing.tenants import Tenants, make_tenants, signed_in
from plugins.features.coffee.config import CHANGES, IN_STATE
from plugins.features.coffee.manager import COFFEES
from plugins.features.coffee.models import Coffee, State
from plugins.features.coffee.workflow import Grind

Order = Callable[..., dict[str, Any]]


@pytest.fixture
def tenants(db: None) -> Tenants:
    made = make_tenants()
    made.root.call("updateConfiguration", name="coffee.brew.time", value=0)
    return made


@pytest.fixture
def order(tenants: Tenants) -> Order:
    def call(client: ApiClient = tenants.owner, **more: Any) -> dict[str, Any]:
        return client.call("createCoffee", **{"name": "mine", "offering": "Latte", **more})

    return call


def refusal(call: Callable[..., Any], *args: Any, **params: Any) -> ApiError:
    with pytest.raises(ApiError) as caught:
        call(*args, **params)
    return caught.value


def state_of(answer: dict[str, Any]) -> str:
    return Coffee.all_objects.get(uuid=answer["id"]).state


def limit(tenants: Tenants, most: int, **owner: Any) -> None:
    [known] = tenants.root.items("listResourceLimits", resourcetypename="coffee")
    tenants.root.call("updateResourceLimit", resourcetype=known["resourcetype"], max=most, **owner)


def held(tenants: Tenants) -> int:
    [account] = tenants.owner.items("listAccounts")
    return int(account["coffeetotal"])


def changes() -> dict[str, float]:
    """How many cups came into each state since counting began."""
    return {state: figure for (state,), figure in counted([CHANGES])[CHANGES].items()}


def test_a_coffee_is_brewed_by_a_job_that_tells_of_it(tenants: Tenants, order: Order) -> None:
    answer = order(size="LARGE")
    [cup] = tenants.owner.items("listCoffees", state="Created")
    assert (cup["id"], cup["size"], cup["account"], cup["jobid"]) == (answer["id"], "LARGE", "owner", answer["jobid"])
    done = tenants.run(answer)
    assert done["jobresult"]["coffee"]["state"] == "Brewed"
    told = [event["description"] for event in tenants.owner.items("listEvents", type="COFFEE.STATE")]
    assert told[::-1] == ["coffee mine: Created to Brewing", "coffee mine: Brewing to Brewed"]
    assert tenants.owner.items("listCoffees", keyword="MIN", offering="Latte")[0]["state"] == "Brewed"
    assert tenants.owner.items("listCoffees", offering="Mocha") == []


def test_brewing_takes_its_time_shows_how_far_it_is_and_is_cancelled(tenants: Tenants, order: Order) -> None:
    tenants.root.call("updateConfiguration", name="coffee.brew.time", value=600)
    answer = order()
    plan = tenants.owner.call("createCoffee", name="x", offering="Mocha", plan=True)["plan"]
    assert [step["description"] for step in plan["jobs"][0]["steps"]] == [
        "grind beans for medium Mocha",
        "brew for 600 s",
    ]
    assert [(one["resourcetypename"], one["before"], one["after"]) for one in plan["quota"]] == [("coffee", 1, 2)]
    run_jobs(limit=3, quiet=False)
    assert state_of(answer) == State.BREWING
    Coffee.objects.update(since=timezone.now() - timedelta(seconds=300))
    run_jobs(limit=1, quiet=False)
    # Half of the second of two steps.
    assert AsyncJob.objects.get(uuid=answer["jobid"]).progress == 75
    refused = refusal(tenants.owner.call, "removeCoffee", id=answer["id"])
    assert "Brewing" in refused.text and state_of(answer) == State.BREWING
    assert "Unable to find job" in refusal(tenants.neighbour.call, "cancelAsyncJob", jobid=answer["jobid"]).text
    tenants.owner.call("cancelAsyncJob", jobid=answer["jobid"])
    assert tenants.run(answer)["jobstatus"] == 2
    assert (state_of(answer), held(tenants)) == (State.DISCARDED, 0)


def test_a_cup_that_nobody_could_brew_is_in_error_and_not_forgotten(
    tenants: Tenants, order: Order, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_beans(*_: Any) -> None:
        raise DriverError("there are no beans")

    monkeypatch.setattr(Grind, "do", no_beans)
    answer = order()
    assert "no beans" in tenants.run(answer)["jobresult"]["errortext"]
    assert (state_of(answer), held(tenants)) == (State.ERROR, 1)
    tenants.owner.call("removeCoffee", id=answer["id"])
    assert held(tenants) == 0


def test_cups_are_counted_by_what_becomes_of_them(
    tenants: Tenants, order: Order, django_capture_on_commit_callbacks: Any
) -> None:
    before = changes()
    with django_capture_on_commit_callbacks(execute=True):
        for _ in range(3):
            order()
        run_jobs()
        last = order()
        tenants.owner.call("cancelAsyncJob", jobid=last["jobid"])
        run_jobs()
        order()
    after = changes()
    assert {state: after[state] - before.get(state, 0) for state in after} == {
        "Brewing": 3,
        "Brewed": 3,
        "Discarded": 1,
    }
    assert {values: figure for _, values, figure in IN_STATE.read()} == {("Created",): 1, ("Brewed",): 3}


def test_nobody_holds_more_than_he_may(tenants: Tenants, order: Order) -> None:
    [known] = tenants.owner.items("listResourceLimits", resourcetypename="coffee")
    assert known["max"] == 20
    limit(tenants, 1, account="owner", domainid=tenants.domain.uuid)
    first = order()
    refused = refusal(order)
    assert "'coffee'" in refused.text and Coffee.objects.count() == held(tenants) == 1
    tenants.owner.call("removeCoffee", id=first["id"])
    assert held(tenants) == 0
    limit(tenants, 2, domainid=tenants.domain.uuid)
    order()
    order(tenants.neighbour)
    assert "domain ROOT/office" in refusal(order, tenants.neighbour).text


def test_projects_have_a_limit_of_their_own(tenants: Tenants, order: Order) -> None:
    project = tenants.project()
    limit(tenants, 1, projectid=project.uuid)
    order(projectid=project.uuid)
    assert project.name in refusal(order, projectid=project.uuid).text
    order()
    [cup] = tenants.owner.items("listCoffees", projectid=project.uuid)
    assert (cup["project"], "account" in cup) == (project.name, False)


def test_a_recount_finds_what_is_held(tenants: Tenants, order: Order) -> None:
    order()
    Coffee.objects.create(account=tenants.account, domain=tenants.domain, name="slipped in", offering="Mocha")
    assert held(tenants) == 1
    counts = tenants.root.items("updateResourceCount", account="owner", domainid=tenants.domain.uuid)
    assert [one["resourcecount"] for one in counts if one["resourcetypename"] == "coffee"] == [2]
    assert held(tenants) == 2


def test_an_order_is_changed_until_somebody_brews_it(tenants: Tenants, order: Order) -> None:
    answer = order()
    changed = tenants.owner.call("updateCoffee", id=answer["id"], size="SMALL", offering="Mocha")["coffee"]
    assert (changed["size"], changed["offering"], changed["name"]) == ("SMALL", "Mocha", "mine")
    tenants.run(answer)
    assert "only its name" in refusal(tenants.owner.call, "updateCoffee", id=answer["id"], size="LARGE").text
    assert tenants.owner.call("updateCoffee", id=answer["id"], name="yours")["coffee"]["name"] == "yours"


def test_the_largest_size_is_set_for_everybody_or_an_account(tenants: Tenants, order: Order) -> None:
    tenants.root.call("updateConfiguration", name="coffee.order.largest", value="SMALL", accountid=tenants.account.uuid)
    refused = refusal(order, size="MEDIUM")
    assert refused.code == 431 and "SMALL is the largest" in refused.text
    order(size="SMALL")
    order(tenants.neighbour, size="LARGE")
    assert Coffee.objects.count() == 2


def test_stale_coffee_is_discarded_and_counts_no_more(tenants: Tenants, order: Order) -> None:
    old, fresh = order(), order()
    run_jobs()
    waiting = order()
    Coffee.objects.exclude(uuid=fresh["id"]).update(since=timezone.now() - timedelta(hours=2))
    assert COFFEES.discard_stale() == 1
    assert [state_of(one) for one in (old, fresh, waiting)] == [State.DISCARDED, State.BREWED, State.CREATED]
    assert held(tenants) == 2


def test_others_do_not_see_it_and_admins_do(tenants: Tenants, order: Order) -> None:
    answer = order()
    for client in (tenants.neighbour, tenants.stranger):
        assert client.items("listCoffees", listall=True) == []
        assert "Unable to find coffee" in refusal(client.call, "removeCoffee", id=answer["id"]).text
    for client in (tenants.domain_admin, tenants.root):
        assert [cup["id"] for cup in client.items("listCoffees", listall=True)] == [answer["id"]]


def test_it_goes_with_its_owner(tenants: Tenants, order: Order) -> None:
    order()
    run_jobs()
    done = tenants.run(tenants.root.call("deleteAccount", id=tenants.account.uuid))
    assert done["jobstatus"] == 1, done
    assert not Coffee.objects.exists() and Coffee.all_objects.get().state == State.DISCARDED


def test_pages_show_it_with_its_quota_and_order_one(tenants: Tenants) -> None:
    client = signed_in(tenants.user)
    assert "Refreshments" in client.get("/").text and "Coffees" in client.get("/").text
    form = {"name": "by form", "offering": "Mocha", "size": "SMALL", "go": "do"}
    assert client.post("/coffees/new/createcoffee/", form).status_code == 302
    assert "Stop brewing" in client.get(f"/coffees/{Coffee.objects.get().uuid}/").text
    run_jobs()
    cup = Coffee.objects.get()
    page = client.get(f"/coffees/{cup.uuid}/").text
    assert "by form" in page and "Discard and remove" in page and "Brewed" in page and "Stop brewing" not in page
    assert "by form" in client.get("/coffees/?state=Brewed").text
    assert "by form" not in client.get("/coffees/?state=Error").text


def test_pages_of_projects_and_accounts_show_their_coffees(tenants: Tenants, order: Order) -> None:
    project = tenants.project()
    order(name="of the project", projectid=project.uuid)
    order(name="of the account")
    page = signed_in(tenants.user).get(f"/projects/{project.uuid}/").text
    assert "of the project" in page and "of the account" not in page
    page = signed_in(tenants.operator).get(f"/admin/accounts/account/{tenants.account.pk}/change/").text
    cup = Coffee.objects.get(name="of the account")
    assert f"/admin/coffee/coffee/{cup.uuid}/change/" in page and "of the project" not in page
    assert ">coffee<" in signed_in(tenants.operator).get("/admin/accounts/resourcecount/").text


def test_its_machine_is_warm_while_a_process_serves() -> None:
    COFFEES.stop()  # another test's process may have served
    assert "cold" in COFFEES.problem()
    COFFEES.start("worker")
    assert COFFEES.problem() == ""
    COFFEES.stop()
    assert "cold" in COFFEES.problem()
