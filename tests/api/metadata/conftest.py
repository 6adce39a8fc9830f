"""An owner with an object of each kind, a stranger, an admin of the owner's domain and an operator."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from apps.accounts.factories import AccountFactory, DomainFactory, UserFactory
from apps.accounts.models import Account, ApiKeyPair, Domain, User
from apps.accounts.services.role_rules import forget_rules
from apps.compute.factories import MachineRows, service_offering
from apps.compute.models import Nic, VirtualMachine
from apps.network.factories import NetworkFactory, firewall_rule, public_address
from apps.storage.factories import TemplateFactory, VolumeFactory
from apps.storage.models import DiskOffering, Volume
from cloudstack.framework.configuration import store
from cloudstack.framework.jobs import AsyncJob
from cloudstack.testing.api import ApiClient, ApiError
from cloudstack.testing.jobs import run_jobs
from tests.support.cloud import client_of

NOBODY = "00000000-0000-4000-8000-000000000000"


@pytest.fixture(autouse=True)
def fresh_caches() -> Iterator[None]:
    forget_rules()
    store.forget()
    yield
    forget_rules()
    store.forget()


@dataclass
class Tenancy:
    """``api`` is the owner's, ``stranger`` of another domain, ``beside`` of another account of the same domain."""

    domain: Domain
    account: Account
    user: User
    api: ApiClient
    beside: ApiClient
    stranger: ApiClient
    stranger_account: Account
    domain_admin: ApiClient
    root: ApiClient

    def machine(self, name: str = "web", account: Account | None = None) -> VirtualMachine:
        owner = account or self.account
        volume = VolumeFactory(account=owner)
        template = TemplateFactory(account=owner)
        vm = MachineRows(volume.zone, template, service_offering(f"of {name}")).machine(owner, name)
        vm.save()
        return vm

    def volume(self, **more: Any) -> Volume:
        return VolumeFactory(account=self.account, **more)

    def run(self, answer: dict[str, Any]) -> dict[str, Any]:
        """Carry the job of ``answer`` out; what became of it."""
        run_jobs()
        return self.root.call("queryAsyncJobResult", jobid=answer["jobid"])

    def done(self, client: ApiClient, command: str, **params: Any) -> None:
        ended = self.run(client.call(command, **params))
        assert ended["jobstatus"] == 1, ended
        assert ended["jobresult"] == {"success": True}


@pytest.fixture
def tenancy(db: None) -> Tenancy:
    domain = DomainFactory(name="sales")
    account, stranger = AccountFactory(name="seller", domain=domain), AccountFactory(name="lawyer")
    return Tenancy(
        domain=domain,
        account=account,
        user=UserFactory(account=account),
        api=client_of(account),
        beside=client_of(AccountFactory(domain=domain)),
        stranger=client_of(stranger),
        stranger_account=stranger,
        domain_admin=client_of(AccountFactory(domain_admin=True, domain=domain)),
        root=client_of(AccountFactory(root_admin=True)),
    )


OBJECTS: dict[str, Callable[[Tenancy], Any]] = {
    "UserVm": lambda tenancy: tenancy.machine(),
    "Nic": lambda tenancy: _card(tenancy),
    "Volume": lambda tenancy: tenancy.volume(),
    "Template": lambda tenancy: TemplateFactory(account=tenancy.account),
    "ISO": lambda tenancy: TemplateFactory(account=tenancy.account, format="ISO"),
    "Network": lambda tenancy: NetworkFactory(account=tenancy.account),
    "PublicIpAddress": lambda tenancy: public_address(tenancy.account),
    "FirewallRule": lambda tenancy: firewall_rule(tenancy.account),
    "Account": lambda tenancy: tenancy.account,
    "User": lambda tenancy: ApiKeyPair.objects.get(api_key=tenancy.api.api_key).user,
    "Zone": lambda tenancy: tenancy.volume().zone,
    "ServiceOffering": lambda tenancy: service_offering("small"),
    "DiskOffering": lambda tenancy: DiskOffering.objects.create(name="data", size_gib=5),
}
"""Kinds and how to make one of the owner."""
OPERATORS = {"Zone", "ServiceOffering", "DiskOffering"}


def _card(tenancy: Tenancy) -> Nic:
    network = NetworkFactory(account=tenancy.account)
    return Nic.objects.create(vm=tenancy.machine(), network=network, device_id=0, mac="02:00:00:00:00:01")


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
