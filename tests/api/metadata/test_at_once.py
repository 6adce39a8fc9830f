"""Two jobs at the same object at the same moment, in two connections."""

import threading
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection, transaction

from apps.accounts.factories import AccountFactory
from apps.compute.factories import MachineRows, service_offering
from apps.compute.models import VirtualMachine
from apps.infrastructure.factories import ZoneFactory
from apps.metadata.kinds import kind_named
from apps.metadata.models import ResourceDetail, ResourceTag
from apps.metadata.services.details import DetailManager
from apps.metadata.services.tags import TagManager
from apps.network.factories import NetworkFactory
from apps.storage.factories import TemplateFactory
from cloudstack.framework.errors import InvalidParameter

pytestmark = pytest.mark.postgres
WORKERS = 6


@pytest.fixture
def machine(transactional_db: None) -> VirtualMachine:
    owner = AccountFactory()
    template = TemplateFactory(account=owner)
    vm = MachineRows(ZoneFactory(), template, service_offering()).machine(owner, "web")
    vm.save()
    return vm


def all_at_once(work: Callable[[int], Any]) -> list[Any]:
    """What each worker got: its answer or its error."""
    gate, found = threading.Barrier(WORKERS), [None] * WORKERS

    def run(number: int) -> None:
        try:
            gate.wait()
            with transaction.atomic():
                found[number] = work(number)
        except Exception as error:
            found[number] = error  # type: ignore[call-overload]
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=(number,)) for number in range(WORKERS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return found


def test_details_set_at_once_are_all_there(machine: VirtualMachine) -> None:
    kind = kind_named("UserVm", what="details")

    def work(number: int) -> None:
        DetailManager().set_for_job(kind=kind, obj=machine, details={f"key-{number}": "x"}, displayed=number % 2 == 0)

    assert all_at_once(work) == [None] * WORKERS
    machine.refresh_from_db()
    assert set(machine.details) == {f"key-{number}" for number in range(WORKERS)}


def test_of_one_detail_set_at_once_one_value_stays(machine: VirtualMachine) -> None:
    kind, network = kind_named("Network", what="details"), NetworkFactory()

    def work(number: int) -> None:
        details = {"a": str(number), "b": str(number)}
        DetailManager().set_for_job(kind=kind, obj=network, details=details, displayed=True)

    assert all_at_once(work) == [None] * WORKERS
    assert len(set(ResourceDetail.objects.values_list("value", flat=True))) == 1 and ResourceDetail.objects.count() == 2


def test_of_equal_tags_one_is_attached_and_the_others_are_refused(machine: VirtualMachine) -> None:
    kind = kind_named("UserVm", what="tags")

    def work(number: int) -> None:
        TagManager().attach_for_job(
            caller_account=machine.account, kind=kind, objects=[machine], pairs=[("Env", str(number))], customer="",
            again=False,
        )  # fmt: skip

    found = all_at_once(work)
    assert found.count(None) == 1 and ResourceTag.objects.count() == 1
    refused = [error for error in found if error is not None]
    assert all(isinstance(error, InvalidParameter) and error.parameter == "tags" for error in refused), refused
