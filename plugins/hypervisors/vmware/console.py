"""The way to a machine's screen: a ticket for a WebSocket at the host, good for one use and a short while."""

from typing import Any

from cloudstack.contracts.console import ConsoleTicket
from cloudstack.contracts.errors import NotFound
from plugins.hypervisors.vmware import machines
from plugins.hypervisors.vmware.vcenter import VCenter

KIND = "webmks"
VALID_S = 30


def ticket(vc: VCenter, uuid: str) -> ConsoleTicket:
    vm, told = machines.known(vc, uuid)
    if told["runtime.powerState"] != machines.ON:
        raise NotFound(f"machine {uuid} does not run on {vc.place.host}")
    given: Any = vm.AcquireTicket(KIND)
    host = given.host or vc.place.server
    address = f"[{host}]" if ":" in host else host
    return ConsoleTicket(
        url=f"wss://{address}:{given.port or 443}/ticket/{given.ticket}",
        thumbprint=(given.sslThumbprint or "").replace(":", "").lower(),
        valid_s=VALID_S,
    )
