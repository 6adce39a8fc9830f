"""Two calls lock the same rows in opposite orders: PostgreSQL ends one, and both callers get what they asked for."""

import threading
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest
from django.db import OperationalError, connection, transaction

from apps.accounts.models import Role
from cloudstack.api import EVERYONE, Access, BaseCmd, Ref, SuccessResponse, registry
from cloudstack.framework.transactions import again_after_deadlock
from cloudstack.testing.api import ApiClient

pytestmark = [pytest.mark.postgres, pytest.mark.django_db(transaction=True)]


class SwapGadgets(BaseCmd):
    """Locks one gadget, waits until the other call has locked the other one, and locks that."""

    response = SuccessResponse
    roles = EVERYONE
    both_hold_one: threading.Barrier
    attempts: list[str]

    first = Ref("first", Role, access=Access.MODIFY, required=True)
    second = Ref("second", Role, access=Access.MODIFY, required=True)

    @transaction.atomic
    def execute(self) -> None:
        Role.objects.select_for_update().get(pk=self.first.pk)
        self.attempts.append(self.first.name)
        if self.attempts.count(self.first.name) == 1:
            self.both_hold_one.wait(timeout=20)
        Role.objects.select_for_update().get(pk=self.second.pk)
        Role.objects.filter(pk=self.second.pk).update(description=f"after {self.first.name}")


registry.unregister(SwapGadgets)


@pytest.fixture
def swap() -> Iterator[type[SwapGadgets]]:
    SwapGadgets.both_hold_one, SwapGadgets.attempts = threading.Barrier(2), []
    registry.register(SwapGadgets)
    yield SwapGadgets
    registry.unregister(SwapGadgets)


def test_a_call_that_was_ended_for_a_deadlock_is_carried_out_again(
    root: SimpleNamespace, gadget: Any, swap: type[SwapGadgets]
) -> None:
    left, right = gadget("left"), gadget("right")
    statuses: list[int] = []

    def call(first: Role, second: Role) -> None:
        try:
            api = ApiClient(root.keys.api_key, root.keys.secret_key)
            statuses.append(api.send("swapGadgets", method="POST", first=first.uuid, second=second.uuid).status_code)
        finally:
            connection.close()

    threads = [threading.Thread(target=call, args=pair) for pair in ((left, right), (right, left))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert statuses == [200, 200]
    assert len(swap.attempts) == 3
    assert {row.description for row in Role.objects.filter(pk__in=[left.pk, right.pk])} == {
        "after gadget-left", "after gadget-right",
    }  # fmt: skip


def test_other_errors_of_the_database_are_told_at_once() -> None:
    calls: list[int] = []

    def work() -> None:
        calls.append(1)
        with connection.cursor() as cursor:
            cursor.execute("SET statement_timeout = 20")
            cursor.execute("SELECT pg_sleep(5)")

    try:
        with pytest.raises(OperationalError):
            again_after_deadlock(work)
    finally:
        connection.close()
    assert len(calls) == 1
