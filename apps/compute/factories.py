"""Machines for tests and measurements: a simulated cloud that is ready, and rows by the thousand."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from django.utils import timezone

from apps.accounts.models import Account, User
from apps.compute.models import (
    AffinityGroup,
    ConsoleSession,
    InstanceGroup,
    Nic,
    ServiceOffering,
    SshKeyPair,
    UserData,
    VirtualMachine,
    VmSchedule,
)
from apps.compute.states import VmState
from apps.infrastructure.models import Zone
from apps.network.models import Network
from apps.storage.models import DiskOffering, Template


def service_offering(name: str = "small", **fields: Any) -> ServiceOffering:
    """A service offering with its disk half."""
    size = {"cpus": 1, "cpu_mhz": 500, "memory_mib": 512}
    disk = DiskOffering.objects.create(name=name, is_compute_only=True)
    return ServiceOffering.objects.create(name=name, disk_offering=disk, **{**size, **fields})


def ssh_key_pair(owner: Account, name: str = "key") -> SshKeyPair:
    return SshKeyPair.objects.create(
        account=owner, domain_id=owner.domain_id, name=name, public_key="ssh-ed25519 AAAA", fingerprint="00"
    )


@dataclass
class MachineRows:
    """Writes machines straight into the tables: for lists and measurements, not for anything that runs."""

    zone: Zone
    template: Template
    offering: ServiceOffering
    networks: Sequence[Network] = field(default_factory=tuple)

    def create(self, accounts: Sequence[Account], count: int, *, state: str = VmState.STOPPED) -> None:
        """``count`` machines, spread over ``accounts`` in turn, with one card each in a network of theirs."""
        batch: list[VirtualMachine] = []
        for number in range(count):
            owner = accounts[number % len(accounts)]
            batch.append(self.machine(owner, f"vm-{number}", state=state))
            if len(batch) == 5000 or number == count - 1:
                self._store(batch, number + 1 - len(batch))
                batch = []

    def machine(self, owner: Account, name: str, **fields: Any) -> VirtualMachine:
        """One unsaved row."""
        return VirtualMachine(
            uuid=uuid.uuid4(),
            account=owner,
            domain_id=owner.domain_id,
            name=name,
            display_name=name,
            zone=self.zone,
            hypervisor=self.template.hypervisor,
            service_offering=self.offering,
            template=self.template,
            guest_os=self.template.guest_os,
            cpus=self.offering.cpus or 1,
            cpu_mhz=self.offering.cpu_mhz or 1,
            memory_mib=self.offering.memory_mib or 1,
            **fields,
        )

    def _store(self, batch: list[VirtualMachine], first: int) -> None:
        made = VirtualMachine.objects.bulk_create(batch, batch_size=1000)
        if not self.networks:
            return
        Nic.objects.bulk_create(
            (
                Nic(
                    vm=vm,
                    network=self.networks[(first + offset) % len(self.networks)],
                    device_id=0,
                    mac=f"02:{(first + offset) >> 32 & 255:02x}" + _octets(first + offset),
                    ipv4=f"10.{(first + offset) >> 16 & 255}.{(first + offset) >> 8 & 255}.{(first + offset) & 255}",
                    hostname=vm.name,
                    is_default=True,
                )
                for offset, vm in enumerate(made)
            ),
            batch_size=1000,
        )


def _octets(number: int) -> str:
    return "".join(f":{number >> shift & 255:02x}" for shift in (24, 16, 8, 0))


def affinity_group(owner: Account, name: str = "apart", kind: str = "host anti-affinity") -> AffinityGroup:
    return AffinityGroup.objects.create(account=owner, domain_id=owner.domain_id, name=name, type=kind)


def instance_group(owner: Account, name: str = "web") -> InstanceGroup:
    return InstanceGroup.objects.create(account=owner, domain_id=owner.domain_id, name=name)


def user_data(owner: Account, name: str = "setup") -> UserData:
    return UserData.objects.create(account=owner, domain_id=owner.domain_id, name=name, text="I2Nsb3VkLWNvbmZpZw==")


def vm_schedule(vm: VirtualMachine, schedule: str = "0 8 * * *", action: str = "STOP") -> VmSchedule:
    return VmSchedule.objects.create(vm=vm, schedule=schedule, timezone="UTC", action=action, start_date=timezone.now())


def console_session(vm: VirtualMachine, user: User, **fields: Any) -> ConsoleSession:
    """A session that nobody has opened yet."""
    return ConsoleSession.objects.create(
        token_hash=uuid.uuid4().hex,
        vm=vm,
        vm_owner=vm.account,
        user=user,
        account=user.account,
        domain=user.domain,
        expires=timezone.now() + timedelta(minutes=1),
        **fields,
    )
