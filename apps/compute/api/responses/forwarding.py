"""Rules that send traffic to machines, on the wire."""

from collections.abc import Sequence
from typing import Any

from apps.accounts.api.attached import Tagged
from apps.compute.models import VirtualMachine
from apps.network.api.responses.rule import joined
from apps.network.models import NetworkRule
from cloudstack.api import STRING, Field, Loaded
from cloudstack.framework.context import Caller


def _of_machine(column: str) -> Any:
    """A column of the machine that each rule sends traffic to."""

    def load(keys: Sequence[int], caller: Caller) -> dict[int, str]:
        targets = dict(NetworkRule.all_objects.filter(pk__in=keys).values_list("pk", "vm_uuid"))
        machines = dict(VirtualMachine.all_objects.filter(uuid__in=targets.values()).values_list("uuid", column))
        return {key: machines[uuid] for key, uuid in targets.items() if machines.get(uuid)}

    return load


class ForwardingResponse(Tagged):
    """A rule that sends ports of a public address to a machine."""

    model = NetworkRule
    object_name = "portforwardingrule"

    id = Field("uuid")
    state = Field(help="Add, Active or Revoke")
    protocol = Field(help="tcp or udp")
    publicport = Field("start_port", type=STRING, help="first port of the public address")
    publicendport = Field("end_port", type=STRING)
    privateport = Field("private_start_port", type=STRING, help="first port of the machine")
    privateendport = Field("private_end_port", type=STRING)
    cidrlist = joined("sources", help="where the packets come from")
    ipaddressid = Field("address__uuid")
    ipaddress = Field("address__address")
    networkid = Field("network__uuid")
    vmguestip = Field("guest_ip", help="address of the machine that they are sent to")
    virtualmachineid = Field("vm_uuid", type=STRING)
    virtualmachinename = Loaded(_of_machine("name"), type=STRING)
    virtualmachinedisplayname = Loaded(_of_machine("display_name"), type=STRING)
    fordisplay = Field("for_display", admin_only=True, help="whether ordinary users see it")


class IpForwardingResponse(ForwardingResponse):
    """A rule that lets ports of an address through which stands for a machine."""

    object_name = "ipforwardingrule"

    startport = Field("start_port", type=STRING)
    endport = Field("end_port", type=STRING)
