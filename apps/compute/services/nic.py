"""Intent on network cards: another one, one less, which one is the default."""

from django.db import IntegrityError, transaction

from apps.compute import events
from apps.compute.models import Nic, VirtualMachine
from apps.compute.services.deployment import MAX_NICS, check_network
from apps.compute.states import VmState
from apps.network.models import Network
from apps.network.services.addresses import reserve_nic
from apps.network.services.rules import ensure_without_rules
from cloudstack.framework.context import Caller
from cloudstack.framework.errors import InvalidParameter
from cloudstack.framework.jobs import AsyncJob, dispatch

STEADY = (VmState.RUNNING, VmState.STOPPED)


class NicManager:
    """Cards of machines that run or are stopped."""

    def add(self, *, caller: Caller, vm: VirtualMachine, network: Network, ipv4: str = "", mac: str = "") -> AsyncJob:
        """Give ``vm`` a card in ``network``; a running machine gets it plugged in."""
        self._expect_steady(vm)
        check_network(network, zone=vm.zone, owner=vm.account)
        nics = Nic.objects.filter(vm=vm)
        if nics.filter(network=network).exists():
            raise InvalidParameter(f"machine {vm} has a card in network {network} already", parameter="networkid")
        used = set(nics.values_list("device_id", flat=True))
        if len(used) >= MAX_NICS:
            raise InvalidParameter(f"machine {vm} has {MAX_NICS} cards, the most there can be")
        slot = min(set(range(MAX_NICS)) - used)
        try:
            with transaction.atomic():
                nic = Nic(vm=vm, network=network, device_id=slot, hostname=vm.name, is_default=not used)
                address = reserve_nic(network=network, nic_uuid=nic.uuid, requested_ip=ipv4, requested_mac=mac)
                nic.mac, nic.ipv4 = address.mac, address.ipv4
                nic.save(force_insert=True)
                return self._dispatch("compute.nic.add", caller, vm, nic, events.NIC_CREATE, f"Add a card to {vm}")
        except IntegrityError:
            raise InvalidParameter(
                f"network {network} has a machine called {vm.name!r} already, or the slot was taken meanwhile",
                parameter="networkid",
            ) from None

    @transaction.atomic
    def remove(self, *, caller: Caller, vm: VirtualMachine, nic: Nic) -> AsyncJob:
        """Take a card away; the default one stays."""
        self._expect_steady(vm)
        self._expect_own(vm, nic)
        if nic.is_default:
            raise InvalidParameter("the default card stays; make another one the default first", parameter="nicid")
        own = [nic.ipv4, *(entry["ipaddress"] for entry in nic.secondary)]
        ensure_without_rules(vm_uuid=vm.uuid, addresses=[address for address in own if address])
        return self._dispatch("compute.nic.remove", caller, vm, nic, events.NIC_DELETE, f"Remove a card of {vm}")

    @transaction.atomic
    def make_default(self, *, caller: Caller, vm: VirtualMachine, nic: Nic) -> AsyncJob:
        """Lead the guest's default route through ``nic`` from its next start on."""
        self._expect_steady(vm)
        self._expect_own(vm, nic)
        if nic.is_default:
            raise InvalidParameter("this card is the default one already", parameter="nicid")
        return self._dispatch("compute.nic.make_default", caller, vm, nic, events.NIC_UPDATE, f"Default card of {vm}")

    def _dispatch(
        self, workflow: str, caller: Caller, vm: VirtualMachine, nic: Nic, event: str, description: str
    ) -> AsyncJob:
        return dispatch(
            workflow,
            caller=caller,
            exclusive=[f"vm:{vm.uuid}"],
            shared=[f"network:{nic.network.uuid}"],
            resource=vm,
            arguments={"vm_uuid": str(vm.uuid), "nic_uuid": str(nic.uuid)},
            description=description,
            event_type=event,
        )

    def _expect_steady(self, vm: VirtualMachine) -> None:
        if vm.state not in STEADY:
            raise InvalidParameter(f"machine {vm} is {vm.state}", parameter="virtualmachineid")

    def _expect_own(self, vm: VirtualMachine, nic: Nic) -> None:
        if nic.vm_id != vm.pk:
            raise InvalidParameter(f"the card {nic} is not one of machine {vm}", parameter="nicid")
