"""``If-Match`` of REST: what a change is based on still holds when it is made."""

from types import SimpleNamespace
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from apps.accounts.models import Role
from cloudstack.api import dispatcher
from tests.support.rest import Rest, problem

pytestmark = pytest.mark.usefixtures("routes")


def test_a_change_between_reading_and_writing_is_noticed(rest: Rest, gadget, monkeypatch) -> None:
    where = f"/gadgets/{(row := gadget('a')).uuid}"
    rest.headers["If-Match"] = rest("get", where)["ETag"]
    bind = dispatcher.bind

    def overtaken(cls: Any, *arguments: Any) -> Any:
        bound = bind(cls, *arguments)
        if cls.name == "updateGadget":
            Role.objects.filter(pk=row.pk).update(name="gadget-of-another")
        return bound

    monkeypatch.setattr(dispatcher, "bind", overtaken)
    problem(rest("patch", where, {"name": "b"}), 412)
    assert Role.objects.get(pk=row.pk).name == "gadget-of-another"


def test_a_repeated_change_is_answered_again_although_its_tag_is_old(rest: Rest, gadget) -> None:
    where = f"/gadgets/{gadget('a').uuid}"
    rest.headers |= {"If-Match": rest("get", where)["ETag"], "Idempotency-Key": "one"}
    first = rest("patch", where, {"name": "b"})
    again = rest("patch", where, {"name": "b"})
    assert (first.status_code, again.status_code, again.body) == (200, 200, first.body)
    assert again["Idempotency-Replayed"] == "true"
    rest.headers["Idempotency-Key"] = "two"
    problem(rest("patch", where, {"name": "b"}), 412)


def test_a_plan_heeds_the_tag(rest: Rest, gadget) -> None:
    where = f"/gadgets/{gadget('a').uuid}"
    tag = rest("get", where)["ETag"]
    for given, status in ((tag, 200), ('"other"', 412)):
        rest.headers["If-Match"] = given
        assert rest("patch", f"{where}?plan=true", {"name": "b"}).status_code == status


def test_what_is_not_there_is_not_there_with_a_tag_either(rest: Rest, root: SimpleNamespace) -> None:
    rest.headers["If-Match"] = "*"
    problem(rest("patch", f"/gadgets/{root.user.uuid}", {"name": "b"}), 404)


@pytest.mark.django_db(transaction=True)
def test_the_row_is_locked_while_the_command_changes_it(rest: Rest, gadget) -> None:
    where = f"/gadgets/{gadget('a').uuid}"
    rest.headers["If-Match"] = rest("get", where)["ETag"]
    with CaptureQueriesContext(connection) as statements:
        assert rest("patch", where, {"name": "b"}).status_code == 200
    texts = [one["sql"] for one in statements]
    begun = next(place for place, text in enumerate(texts) if text.startswith("BEGIN"))
    changed = next(place for place, text in enumerate(texts) if text.startswith("UPDATE") and "gadget-b" in text)
    assert not any(text.startswith(("COMMIT", "ROLLBACK")) for text in texts[begun:changed])
    if connection.features.has_select_for_update:
        assert any("FOR UPDATE" in text for text in texts[begun:changed])
