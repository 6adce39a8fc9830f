"""The agent of a real host keeps the contract, through broker, queue and worker."""

import pytest

from cloudstack.contracts.agent import AgentAnswer, AgentCommand
from cloudstack.testing.agent import HostAgentConformance
from tests.integration.lab.conftest import Lab

pytestmark = pytest.mark.lab


class LabAgent:
    """As the portal asks, to a host of the lab or to nobody."""

    def __init__(self, lab: Lab, host: str):
        self.lab, self.host = lab, host

    def call(self, command: AgentCommand, *, timeout_s: float) -> AgentAnswer:
        return self.lab.ask(self.host, command, timeout_s=timeout_s)


class TestLabAgent(HostAgentConformance):
    cannot_be_shown = {
        "test_unreachable_host_is_worth_another_try": "the client is of these tests; tests of kvm have the portal's"
    }

    @pytest.fixture(autouse=True)
    def running(self, lab: Lab) -> None:
        self.lab = lab

    def make_agent(self) -> LabAgent:
        return LabAgent(self.lab, "host1")

    def make_underlay(self) -> str:
        return "mgmt"
