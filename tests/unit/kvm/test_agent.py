"""The way to a host's agent: a real Celery worker in a thread answers, or nobody does."""

import socket
import uuid
from collections.abc import Iterator

import pytest
from celery import Celery
from celery.contrib.testing.worker import start_worker

from cloudstack.contracts.agent import (
    TASK,
    Done,
    HostAgent,
    HostFactsQuery,
    RemoveBridge,
    command_from_wire,
    error_to_wire,
    queue_name,
)
from cloudstack.contracts.errors import DriverError, DriverTimeout, DriverUnavailable, NotFound
from cloudstack.contracts.host import HostRef
from plugins.hypervisors.kvm.agent import CeleryHostAgent

HOST = HostRef(uuid=str(uuid.uuid4()), name="host1", hypervisor="KVM", url="qemu:///system")


def make_app(broker: str = "memory://", backend: str = "cache+memory://") -> Celery:
    app = Celery("agents", broker=broker, backend=backend, set_as_current=False)
    app.conf.update(task_serializer="json", result_serializer="json", accept_content=["json"])
    app.conf.update(task_ignore_result=True, task_publish_retry=False, broker_connection_timeout=1)
    app.conf.update(result_backend_transport_options={"retry_policy": {"max_retries": 1, "interval_start": 0}})
    return app


@pytest.fixture
def current(monkeypatch) -> Celery:
    app = make_app()
    monkeypatch.setattr("plugins.hypervisors.kvm.agent.current_app", app)
    return app


@pytest.fixture(scope="module")
def agent() -> Iterator[Celery]:
    """A host agent that knows no bridge but ``br0``."""
    app = make_app()

    @app.task(name=TASK, ignore_result=False, shared=False)
    def call(kind: str, payload: dict) -> object:
        command = command_from_wire(kind, payload)
        if isinstance(command, HostFactsQuery):
            return "no answer of ours"
        if command.bridge == "broken":
            raise ValueError("the worker itself failed")
        if command.bridge != "br0":
            return error_to_wire(NotFound(f"Cannot find device {command.bridge}"))
        return Done(changed=True).to_wire()

    with start_worker(app, perform_ping_check=False, pool="solo", queues=[queue_name(HOST.uuid)]):
        yield app


@pytest.fixture
def answering(monkeypatch, agent) -> None:
    monkeypatch.setattr("plugins.hypervisors.kvm.agent.current_app", agent)


def test_it_is_an_agent():
    assert isinstance(CeleryHostAgent(HOST), HostAgent)


def test_command_and_typed_answer(answering):
    assert CeleryHostAgent(HOST).call(RemoveBridge(bridge="br0"), timeout_s=10) == Done(changed=True)


def test_the_agents_own_error_comes_through(answering):
    with pytest.raises(NotFound, match="Cannot find device br9"):
        CeleryHostAgent(HOST).call(RemoveBridge(bridge="br9"), timeout_s=10)


def test_nonsense_is_an_error(answering):
    with pytest.raises(DriverError):
        CeleryHostAgent(HOST).call(HostFactsQuery(), timeout_s=10)


def test_a_failing_worker_is_an_error(answering):
    with pytest.raises(DriverError, match="the worker itself failed"):
        CeleryHostAgent(HOST).call(RemoveBridge(bridge="broken"), timeout_s=10)


def test_nobody_answers(current):
    with pytest.raises(DriverTimeout, match=f"agent.{HOST.uuid}") as caught:
        CeleryHostAgent(HOST).call(HostFactsQuery(), timeout_s=0.3)
    assert caught.value.retryable


def test_no_broker(monkeypatch):
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        url = f"redis://127.0.0.1:{unused.getsockname()[1]}/0"
        monkeypatch.setattr("plugins.hypervisors.kvm.agent.current_app", make_app(url, url))
        with pytest.raises(DriverUnavailable, match=f"agent.{HOST.uuid}"):
            CeleryHostAgent(HOST).call(HostFactsQuery(), timeout_s=5)
