"""Consoles over real sockets: a web server, a client that speaks WebSocket, a VNC server."""

import asyncio
import contextlib
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
import uvicorn

from apps.accounts.models import Account, User
from apps.accounts.services.role_rules import forget_rules
from apps.compute.models import VirtualMachine
from cloudstack.contracts.console import ConsoleFacts, ConsoleKind
from cloudstack.framework.configuration import store
from cloudstack.testing.api import ApiClient
from cloudstack.testing.jobs import run_jobs
from plugins.hypervisors.simulator.driver import SimulatorDriver
from tests.support.cloud import SimulatedCloud, build_cloud, client_of
from tests.support.screen import FakeScreen

PASSWORD = "Geheim-8"


@pytest.fixture
def screen() -> Iterator[FakeScreen]:
    with FakeScreen(password=PASSWORD) as made:
        yield made


@pytest.fixture
def cloud(transactional_db: None) -> Iterator[SimulatedCloud]:
    forget_rules()
    store.forget()
    yield build_cloud()
    forget_rules()
    store.forget()


@dataclass
class Console:
    """A running machine, and a server on which its console is opened."""

    cloud: SimulatedCloud
    vm: VirtualMachine
    user: User
    base: str
    screen: FakeScreen

    def new(self, api: ApiClient | None = None, **more: Any) -> dict[str, Any]:
        answer = (api or self.cloud.api).call("createConsoleEndpoint", virtualmachineid=self.vm.uuid, **more)
        endpoint: dict[str, Any] = answer["consoleendpoint"]
        assert endpoint["success"] is True, endpoint
        return dict(endpoint["websocket"])

    def url(self, **more: Any) -> str:
        return f"{self.base}/{self.new(**more)['path']}"


@contextlib.contextmanager
def serving(application: Any) -> Iterator[str]:
    """A uvicorn on loopback; its address."""
    config = uvicorn.Config(application, port=0, ws="websockets-sansio", lifespan="off", log_config=None)
    running = uvicorn.Server(config)
    thread = threading.Thread(target=lambda: asyncio.run(running.serve()), daemon=True)
    thread.start()
    while not running.started:
        assert thread.is_alive()
        time.sleep(0.01)
    port = running.servers[0].sockets[0].getsockname()[1]
    yield f"ws://127.0.0.1:{port}"
    running.should_exit = True
    thread.join(10)


@pytest.fixture
def server() -> Iterator[str]:
    """The application as it is."""
    from cloudstack.asgi import application

    with serving(application) as address:
        yield address


@pytest.fixture
def console(cloud: SimulatedCloud, server: str, screen: FakeScreen, monkeypatch: pytest.MonkeyPatch) -> Console:
    """The simulated host shows the fake screen as that of all its machines."""
    facts = ConsoleFacts(kind=ConsoleKind.VNC, host="127.0.0.1", port=screen.port, password=PASSWORD)
    monkeypatch.setattr(SimulatorDriver, "console", lambda self, uuid: facts, raising=False)
    made = cloud.deploy()
    run_jobs()
    vm = VirtualMachine.objects.get(uuid=made["id"])
    user = User.objects.filter(account=cloud.account).latest("pk")
    return Console(cloud, vm, user, server, screen)


def stranger(name: str) -> ApiClient:
    return client_of(Account.objects.get(name=name))
