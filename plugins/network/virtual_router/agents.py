"""The way to the agent of a host, with one patience for all commands."""

from cloudstack.contracts.agent import AgentAnswer, AgentCommand
from cloudstack.plugin.drivers import HostRef, host_agent

TIMEOUT_S = 30.0
"""A bridge or a dnsmasq is there in well under a second; a host under load gets more."""


def ask(host: HostRef, command: AgentCommand) -> AgentAnswer:
    return host_agent(host).call(command, timeout_s=TIMEOUT_S)
