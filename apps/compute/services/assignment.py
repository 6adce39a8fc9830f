"""Intent on whose a machine is: given to another account, with its disks."""

from collections.abc import Sequence

from django.db import IntegrityError, transaction

from apps.accounts.models import Account
from apps.accounts.services.limit_rules import total_of
from apps.accounts.services.limits import LimitManager
from apps.compute import events
from apps.compute.models import AffinityMembership, Nic, VirtualMachine
from apps.compute.services.deployment import (
    MAX_NICS,
    NicRequest,
    check_network,
    check_offering,
    default_networks,
)
from apps.compute.services.new_machine import is_name_taken, name_taken, new_cards
from apps.compute.services.quota import amounts_of_vm
from apps.compute.services.settled import expect_settled
from apps.compute.states import VmState
from apps.metadata.services.owners import follow
from apps.network.models import Network
from apps.network.services.addresses import free_nic
from apps.storage.models import Volume
from apps.storage.services.volume_states import amounts_of
from apps.storage.states import VolumeState
from cloudstack.framework.context import Caller
from cloudstack.framework.errors import InvalidParameter, PermissionDenied, ResourceInUse
from cloudstack.framework.events.bus import publish
from cloudstack.framework.jobs import AsyncJob


class AssignmentManager:
    """Gives stopped machines to other accounts. It changes rows only: nothing of a stopped machine is on a host."""

    def assign(
        self, *, caller: Caller, vm: VirtualMachine, owner: Account, networks: Sequence[Network] = ()
    ) -> VirtualMachine:
        """``owner``'s limits take the machine and its disks, the present owner gets his back.

        Cards move to ``networks``, or stay where ``owner`` may use the network, or else the machine gets one in its
        new owner's network. Affinity and instance groups and registered user data are the old owner's and are left.
        """
        if not caller.is_admin:
            raise PermissionDenied("only administrators give machines to other accounts")
        if owner.pk == vm.account_id:
            raise InvalidParameter(f"machine {vm} is account {owner}'s already", parameter="account")
        if len(networks) > MAX_NICS:
            raise InvalidParameter(f"a machine has at most {MAX_NICS} network cards", parameter="networkids")
        check_offering(vm.service_offering, zone=vm.zone, owner=owner)
        try:
            with transaction.atomic():
                return self._assign(caller, vm, owner, networks)
        except IntegrityError as error:
            if is_name_taken(error):
                raise name_taken(vm.name) from None
            raise

    def _assign(
        self, caller: Caller, vm: VirtualMachine, owner: Account, networks: Sequence[Network]
    ) -> VirtualMachine:
        expect_settled(vm, VmState.STOPPED, parameter="virtualmachineid", what="giving it to another account")
        volumes = list(Volume.objects.select_for_update().filter(attachment__vm=vm).order_by("pk"))
        self._check_volumes(vm, volumes)
        before = vm.account
        amounts = total_of(amounts_of_vm(vm), *(amounts_of(volume.size_bytes, of=volume) for volume in volumes))
        LimitManager().hold(before, owner)
        LimitManager().release(before, amounts)
        LimitManager().reserve(owner, amounts)
        self._move_cards(vm, owner, networks)
        Volume.objects.filter(pk__in=[volume.pk for volume in volumes]).update(account=owner, domain=owner.domain_id)
        AffinityMembership.objects.filter(vm=vm).delete()
        vm.account, vm.domain_id = owner, owner.domain_id
        vm.group = vm.user_data_source = None
        vm.save(update_fields=["account", "domain", "group", "user_data_source"])
        for thing in (vm, *volumes):
            follow(thing, owner)
        for account in (before, owner):
            text = f"Give {vm} of account {before} to account {owner}"
            publish(events.VM_MOVE, caller=caller, description=text, resource=vm, account_uuid=account.uuid)
        return vm

    def _check_volumes(self, vm: VirtualMachine, volumes: Sequence[Volume]) -> None:
        for volume in volumes:
            if volume.state not in (VolumeState.READY, VolumeState.ALLOCATED):
                raise InvalidParameter(
                    f"volume {volume} of machine {vm} is {volume.state}; try again when it is Ready",
                    parameter="virtualmachineid",
                )
        busy = AsyncJob.objects.filter(
            resource_uuid__in=[volume.uuid for volume in volumes], status__in=AsyncJob.LIVE
        ).exists()
        if busy:
            raise ResourceInUse(f"a job works on a volume of machine {vm}; try again when it has ended")

    def _move_cards(self, vm: VirtualMachine, owner: Account, networks: Sequence[Network]) -> None:
        cards = list(Nic.objects.filter(vm=vm).select_related("network").order_by("-is_default", "device_id"))
        for network in networks:
            check_network(network, zone=vm.zone, owner=owner)
        if not networks and all(_may_use(owner, card.network, vm) for card in cards) and cards:
            return
        wanted = [NicRequest(network=network) for network in networks]
        if not wanted:
            wanted = [NicRequest(network=card.network) for card in cards if _may_use(owner, card.network, vm)]
        for card in cards:
            free_nic(nic_uuid=card.uuid)
            card.mark_removed()
        new_cards(vm, wanted or default_networks(owner, vm.zone))


def _may_use(owner: Account, network: Network, vm: VirtualMachine) -> bool:
    try:
        check_network(network, zone=vm.zone, owner=owner)
    except InvalidParameter:
        return False
    return True
