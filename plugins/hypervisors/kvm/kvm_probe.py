"""Does a guest really boot under KVM here? Nothing but a boot tells: the device may be there and lie."""

import libvirt

from cloudstack.contracts.host import HostRef
from plugins.hypervisors.kvm.options import HostOptions


def kvm_boots(conn: libvirt.virConnect, host: HostRef, options: HostOptions) -> bool:
    return False
