"""Intent on the addresses of network cards: further ones, and another first one."""

from django.db import transaction

from apps.compute import events
from apps.compute.config import MAX_SECONDARY_ADDRESSES
from apps.compute.models import Nic, VirtualMachine
from apps.compute.states import VmState
from apps.network.models import IpAllocation
from apps.network.services.addresses import ensure_can_give, hold_address, secondary_addresses
from apps.network.services.rules import ensure_without_rules
from apps.network.states import IpPurpose
from cloudstack.framework.context import Caller
from cloudstack.framework.errors import InvalidParameter
from cloudstack.framework.jobs import AsyncJob, dispatch


class NicAddressManager:
    """Addresses of cards. The guest configures further ones itself; no hypervisor here filters what a guest sends."""

    @transaction.atomic
    def add(self, *, caller: Caller, nic: Nic, requested: str = "") -> tuple[IpAllocation, AsyncJob]:
        """Keep a further address of the card's network for it: ``requested``, or any that is free."""
        self._expect(nic, (VmState.RUNNING, VmState.STOPPED))
        # One at a time per card, so that the limit holds and the list is complete.
        nic = Nic.objects.select_for_update(of=("self",)).select_related("vm__account", "network").get(pk=nic.pk)
        most = int(MAX_SECONDARY_ADDRESSES.value(nic.vm.account.uuid))
        if len(secondary_addresses(nic_uuid=nic.uuid)) >= most:
            raise InvalidParameter(f"the card {nic} has {most} further addresses, the most there can be")
        row = hold_address(network=nic.network, holder_uuid=nic.uuid, purpose=IpPurpose.SECONDARY, requested=requested)
        show_secondary(nic)
        job = self._submit(
            "compute.nic.add_address",
            events.NIC_SECONDARY_IP_ASSIGN,
            caller,
            nic,
            f"Give a card of {nic.vm} the further address {row}",
            resource=row,
            address_uuid=str(row.uuid),
        )
        return row, job

    @transaction.atomic
    def remove(self, *, caller: Caller, address: IpAllocation) -> AsyncJob:
        """Have a further address given back to its network."""
        nic = Nic.objects.select_related("vm__account", "network").get(uuid=address.holder_uuid)
        self._expect(nic, (VmState.RUNNING, VmState.STOPPED))
        ensure_without_rules(vm_uuid=nic.vm.uuid, addresses=[address.address])
        return self._submit(
            "compute.nic.remove_address",
            events.NIC_SECONDARY_IP_UNASSIGN,
            caller,
            nic,
            f"Take the further address {address} from a card of {nic.vm}",
            resource=nic.vm,
            address_uuid=str(address.uuid),
        )

    @transaction.atomic
    def change(self, *, caller: Caller, nic: Nic, requested: str = "") -> AsyncJob:
        """Have the first address of a stopped machine's card exchanged; the guest gets it at its next start."""
        self._expect(nic, (VmState.STOPPED,))
        ensure_without_rules(vm_uuid=nic.vm.uuid, addresses=[nic.ipv4])
        if requested:
            if requested == nic.ipv4:
                raise InvalidParameter(f"the card has address {requested} already", parameter="ipaddress")
            ensure_can_give(network=nic.network, address=requested)
        return self._submit(
            "compute.nic.change_address",
            events.NIC_UPDATE,
            caller,
            nic,
            f"Give a card of {nic.vm} another address",
            resource=nic.vm,
            old=nic.ipv4,
            requested=requested,
        )

    def _expect(self, nic: Nic, states: tuple[str, ...]) -> None:
        vm: VirtualMachine = nic.vm
        if vm.state not in states:
            wanted = " or ".join(str(state) for state in states)
            raise InvalidParameter(f"machine {vm} is {vm.state}, it must be {wanted}", parameter="nicid")
        if not nic.network.cidr:
            raise InvalidParameter(f"network {nic.network} gives no addresses", parameter="nicid")

    def _submit(
        self, workflow: str, event: str, caller: Caller, nic: Nic, text: str, *, resource: object, **arguments: str
    ) -> AsyncJob:
        return dispatch(
            workflow,
            caller=caller,
            exclusive=[f"vm:{nic.vm.uuid}"],
            shared=[f"network:{nic.network.uuid}"],
            resource=resource,
            account_uuid=nic.vm.account.uuid,
            arguments={"vm_uuid": str(nic.vm.uuid), "nic_uuid": str(nic.uuid), **arguments},
            description=text,
            event_type=event,
        )


def show_secondary(nic: Nic) -> None:
    """Write what the allocations say into the card's row. The caller has locked it."""
    rows = secondary_addresses(nic_uuid=nic.uuid)
    shown = [{"id": str(row.uuid), "ipaddress": row.address} for row in rows]
    Nic.all_objects.filter(pk=nic.pk).update(secondary=shown)
