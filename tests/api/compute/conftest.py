"""A simulated cloud with an operator, a domain's admin and two tenants, each with a client that signs."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, fields
from typing import Any

import pytest

from apps.accounts.factories import AccountFactory, DomainFactory
from apps.accounts.models import Account
from apps.accounts.services.role_rules import forget_rules
from apps.compute.models import VirtualMachine
from cloudstack.framework.configuration import store
from cloudstack.framework.jobs import AsyncJob
from cloudstack.testing.api import ApiClient, ApiError
from cloudstack.testing.jobs import run_jobs
from tests.support.cloud import SimulatedCloud, build_cloud, client_of

NOBODY = "00000000-0000-4000-8000-000000000000"


@pytest.fixture(autouse=True)
def fresh_caches() -> Iterator[None]:
    forget_rules()
    store.forget()
    yield
    forget_rules()
    store.forget()


@dataclass
class Cloud(SimulatedCloud):
    """``api`` is the tenant's, in domain sales; ``lawyer`` is a stranger in another domain."""

    sales_admin: ApiClient
    lawyer: ApiClient
    lawyer_account: Account

    def run(self, answer: dict[str, Any]) -> dict[str, Any]:
        """Carry the job of ``answer`` out; what it came to, which must be good."""
        done = self.ended(answer)
        assert done["jobstatus"] == 1, done
        result: dict[str, Any] = done["jobresult"]
        return next(iter(result.values())) if len(result) == 1 else result

    def ended(self, answer: dict[str, Any]) -> dict[str, Any]:
        run_jobs()
        return self.admin.call("queryAsyncJobResult", jobid=answer["jobid"])

    def machine(self, **more: Any) -> dict[str, Any]:
        """A machine of the tenant that runs."""
        shown: dict[str, Any] = self.run(self.deploy(**more))
        return shown

    def row(self, shown: dict[str, Any]) -> VirtualMachine:
        return VirtualMachine.all_objects.get(uuid=shown["id"])


@pytest.fixture
def cloud(db: None) -> Cloud:
    built = build_cloud()
    sales, legal = DomainFactory(name="sales"), DomainFactory(name="legal")
    seller = AccountFactory(name="seller", domain=sales)
    lawyer = AccountFactory(name="lawyer", domain=legal)
    plain = {field.name: getattr(built, field.name) for field in fields(built)}
    return Cloud(
        **{**plain, "account": seller, "api": client_of(seller)},
        sales_admin=client_of(AccountFactory(domain_admin=True, domain=sales)),
        lawyer=client_of(lawyer),
        lawyer_account=lawyer,
    )


@pytest.fixture
def refusal() -> Callable[..., ApiError]:
    """Call a command that must be refused, and answer with what. Nothing may have been dispatched by it."""

    def call(client: ApiClient, command: str, **parameters: Any) -> ApiError:
        before = AsyncJob.objects.count()
        with pytest.raises(ApiError) as caught:
            client.call(command, **parameters)
        assert AsyncJob.objects.count() == before, "the refusal left a job"
        assert "Traceback" not in caught.value.text
        return caught.value

    return call
