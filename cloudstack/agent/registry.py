"""Which function does which command, and the answer that goes back over the wire."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any

from cloudstack.agent.bridges import ensure_bridge, remove_bridge
from cloudstack.agent.dhcp import ensure_dhcp, remove_dhcp
from cloudstack.agent.dhcp_hosts import remove_dhcp_host, set_dhcp_host
from cloudstack.agent.facts import host_facts
from cloudstack.agent.images import check_image
from cloudstack.agent.log import log
from cloudstack.agent.network_state import network_state
from cloudstack.agent.tools import AgentContext
from cloudstack.contracts import agent as contract
from cloudstack.contracts.errors import DriverError

HANDLERS: Mapping[type[contract.AgentCommand], Callable[[AgentContext, Any], contract.AgentAnswer]] = {
    contract.HostFactsQuery: host_facts,
    contract.EnsureBridge: ensure_bridge,
    contract.RemoveBridge: remove_bridge,
    contract.EnsureDhcp: ensure_dhcp,
    contract.RemoveDhcp: remove_dhcp,
    contract.SetDhcpHost: set_dhcp_host,
    contract.RemoveDhcpHost: remove_dhcp_host,
    contract.ListNetworkState: network_state,
    contract.CheckImage: check_image,
}


def answer(context: AgentContext, kind: object, payload: object, *, quiet: bool = False) -> dict[str, Any]:
    """Do what a message asks. Always an answer: a failure is one too, in the failed tool's own words."""
    begun = time.monotonic()
    try:
        command = contract.command_from_wire(kind, payload)
        message = HANDLERS[type(command)](context, command).to_wire()
    except DriverError as error:
        message = contract.error_to_wire(error)
    except OSError as error:
        message = contract.error_to_wire(DriverError(f"{type(error).__name__}: {error}"))
    if not quiet:
        _tell(kind, message, time.monotonic() - begun)
    return message


def _tell(kind: object, message: dict[str, Any], seconds: float) -> None:
    facts = {"kind": kind, "ms": round(seconds * 1000)}
    if message["ok"]:
        log("done", **facts, changed=message["answer"].get("changed"))
    else:
        log("failed", **facts, error=message["error"]["message"])
