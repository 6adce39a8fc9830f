"""Two tenants, their admin, root, and a server that takes what webhooks send."""

import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from apps.accounts.factories import AccountFactory, DomainFactory
from apps.accounts.models import Account
from apps.accounts.services.role_rules import forget_rules
from apps.notifications.services import outbox
from cloudstack.framework.configuration import store
from cloudstack.framework.configuration.models import ConfigValue
from cloudstack.testing.api import ApiClient
from tests.support.cloud import client_of


@dataclass
class People:
    root: ApiClient
    admin: ApiClient
    api: ApiClient
    stranger: ApiClient
    account: Account
    stranger_account: Account


@pytest.fixture
def people(db: None) -> Iterator[People]:
    forget_rules()
    store.forget()
    outbox.forget()
    sales, legal = DomainFactory(name="sales"), DomainFactory(name="legal")
    seller, lawyer = AccountFactory(name="seller", domain=sales), AccountFactory(name="lawyer", domain=legal)
    yield People(
        root=client_of(AccountFactory(root_admin=True)),
        admin=client_of(AccountFactory(domain_admin=True, domain=sales)),
        api=client_of(seller),
        stranger=client_of(lawyer),
        account=seller,
        stranger_account=lawyer,
    )
    outbox.forget()
    store.forget()


@dataclass
class Receiver:
    """``statuses``: what the next calls are answered with, the last one for all that follow."""

    url: str = ""
    statuses: list[int] = field(default_factory=lambda: [200])
    received: list[tuple[dict[str, str], bytes]] = field(default_factory=list)


@pytest.fixture
def receiver(people: People) -> Iterator[Receiver]:
    """Listens on this machine, which webhooks may send to in this test."""
    taken = Receiver()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            taken.received.append((dict(self.headers), body))
            status = taken.statuses.pop(0) if len(taken.statuses) > 1 else taken.statuses[0]
            self.send_response(status)
            self.end_headers()
            self.wfile.write(b"thanks" if status == 200 else b"no\x00 thanks")

        def log_message(self, *args: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    taken.url = f"http://127.0.0.1:{server.server_port}/hook"
    ConfigValue.objects.create(name="webhook.allowed.networks", scope="global", scope_uuid="", value="127.0.0.0/8")
    store.forget()
    yield taken
    server.shutdown()
    server.server_close()
