"""KVM and QEMU hosts through libvirt: machines, directory storage and the way to the host agent."""
