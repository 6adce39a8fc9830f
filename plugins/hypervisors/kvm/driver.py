"""The hypervisor driver for hosts that run libvirt with QEMU."""

import secrets
from collections.abc import Callable, Mapping

import libvirt

from cloudstack.contracts.console import ConsoleFacts
from cloudstack.contracts.errors import DriverError, InvalidSpec, NotFound
from cloudstack.contracts.host import HostFacts, HostRef
from cloudstack.contracts.hypervisor import DiskSpec, NicSpec, PowerState, VmSpec, VmStatistics
from plugins.hypervisors.kvm import console, host, hotplug, migration, power, power_events, statistics
from plugins.hypervisors.kvm.connection import session
from plugins.hypervisors.kvm.domain_xml import HostPaths, domain_xml
from plugins.hypervisors.kvm.domains import find_domain, is_ours, our_domains, power_of, running_domain
from plugins.hypervisors.kvm.errors import NO_DOMAIN, OPERATION_INVALID
from plugins.hypervisors.kvm.folder import CONSOLES, SEEDS, HostFolder
from plugins.hypervisors.kvm.options import HostOptions
from plugins.hypervisors.kvm.rules import canonical_uuid, check_machine
from plugins.hypervisors.kvm.seed import seed_image

VNC_PASSWORD_BYTES = 6  # eight characters, all that VNC compares


class KvmDriver:
    """Machines of one host. They stay defined while they are off, so that a portal that crashed finds them again."""

    def __init__(self, host: HostRef):
        self.host = host

    @property
    def options(self) -> HostOptions:
        return HostOptions.from_details(self.host.details)

    # -- what every hypervisor can do ------------------------------------------------------------

    def host_facts(self) -> HostFacts:
        with session(self.host, "read the host's facts") as conn:
            return host.facts(conn, self.host)

    def validate(self, spec: VmSpec) -> None:
        check_machine(spec)
        facts = self.host_facts()
        for asked, there, what in (
            (spec.cpus, facts.cpus, "CPUs"),
            (spec.memory_mib, facts.memory_mib, "MiB of memory"),
        ):
            if asked > there:
                raise InvalidSpec(f"{spec.name} asks for {asked} {what}; {self.host.name} has {there}")
        if spec.architecture != facts.architecture:
            raise InvalidSpec(f"{spec.name} is for {spec.architecture}; {self.host.name} is {facts.architecture}")

    def start(self, spec: VmSpec) -> None:
        check_machine(spec)
        with session(self.host, f"start {spec.name}") as conn:
            domain = find_domain(conn, spec.uuid)
            if domain is not None and domain.isActive():
                self._resume(domain)
                return
            if domain is not None and domain.name() != spec.name:
                power.forget(domain)
            options = host.resolve_domain_type(conn, self.host, self.options)
            paths = self._write_files(conn, spec, options)
            password = secrets.token_urlsafe(VNC_PASSWORD_BYTES)
            speed = host.cpu_mhz(conn) if spec.cpu_limited else 0
            domain = conn.defineXML(domain_xml(spec, options, paths, vnc_password=password, host_mhz=speed))
            power.boot(domain)

    def stop(self, uuid: str, *, force: bool = False, timeout_s: float = 120) -> None:
        with session(self.host, f"stop machine {uuid}") as conn:
            domain = find_domain(conn, uuid)
            if domain is None:
                return
            if force:
                power.cut(domain)
            else:
                power.shut_down(domain, timeout_s)

    def reboot(self, uuid: str, *, force: bool = False) -> None:
        with session(self.host, f"reboot machine {uuid}") as conn:
            power.restart(running_domain(conn, uuid), force=force)

    def destroy(self, uuid: str) -> None:
        with session(self.host, f"destroy machine {uuid}") as conn:
            domain = find_domain(conn, uuid)
            if domain is not None:
                if not is_ours(domain):
                    raise NotFound(f"machine {uuid} on {self.host.name} was not made by this cloud")
                power.cut(domain)
                power.forget(domain)
            self._remove_files(conn, uuid)

    def power_state(self, uuid: str) -> PowerState:
        with session(self.host, f"read the power of machine {uuid}") as conn:
            domain = find_domain(conn, uuid)
            return PowerState.ABSENT if domain is None else power_of(domain)

    def power_states(self) -> Mapping[str, PowerState]:
        with session(self.host, "read the power of all machines") as conn:
            states = {domain.UUIDString(): power_of(domain) for domain in our_domains(conn)}
        return {uuid: state for uuid, state in states.items() if state is not PowerState.ABSENT}

    # -- live migration --------------------------------------------------------------------------

    def prepare_migration(self, spec: VmSpec) -> None:
        check_machine(spec)
        with session(self.host, f"prepare for {spec.name}") as conn:
            domain = find_domain(conn, spec.uuid)
            if domain is None or not domain.isActive():
                self._write_files(conn, spec, self.options)

    def migrate(self, spec: VmSpec, target: HostRef, *, timeout_s: float = 300) -> None:
        check_machine(spec)
        with (
            session(self.host, f"migrate {spec.name} to {target.name}") as source,
            session(target, f"take {spec.name} from {self.host.name}") as destination,
        ):
            migration.migrate(source, destination, self._paths(target, spec), spec, self.host, target, timeout_s)
            self._remove_files(source, spec.uuid)

    # -- devices of a running machine ------------------------------------------------------------

    def attach_disk(self, uuid: str, disk: DiskSpec) -> None:
        with session(self.host, f"attach disk {disk.uuid} to machine {uuid}") as conn:
            hotplug.attach_disk(self._known(conn, uuid), disk, cache=self.options.cache)

    def detach_disk(self, uuid: str, disk: DiskSpec) -> None:
        with session(self.host, f"detach disk {disk.uuid} from machine {uuid}") as conn:
            domain = find_domain(conn, uuid)
            if domain is not None:
                hotplug.detach_disk(domain, disk)

    def resize_disk(self, uuid: str, disk: DiskSpec) -> None:
        with session(self.host, f"resize disk {disk.uuid} of machine {uuid}") as conn:
            hotplug.resize_disk(running_domain(conn, uuid), disk)

    def insert_disc(self, uuid: str, disc: DiskSpec) -> None:
        with session(self.host, f"insert disc {disc.uuid} into machine {uuid}") as conn:
            hotplug.insert_disc(self._known(conn, uuid), disc)

    def eject_disc(self, uuid: str, *, force: bool = False) -> None:
        with session(self.host, f"eject the disc of machine {uuid}") as conn:
            domain = find_domain(conn, uuid)
            if domain is not None:
                hotplug.eject_disc(domain, force=force)

    def disc_in_drive(self, uuid: str) -> str:
        with session(self.host, f"look into the drive of machine {uuid}") as conn:
            name = hotplug.disc_path(self._known(conn, uuid)).rpartition("/")[2]
            return name.removeprefix("template-").removesuffix(".iso")

    def attach_nic(self, uuid: str, nic: NicSpec) -> None:
        with session(self.host, f"attach network card {nic.mac} to machine {uuid}") as conn:
            hotplug.attach_nic(self._known(conn, uuid), nic)

    def detach_nic(self, uuid: str, nic: NicSpec) -> None:
        with session(self.host, f"detach network card {nic.mac} from machine {uuid}") as conn:
            domain = find_domain(conn, uuid)
            if domain is not None:
                hotplug.detach_nic(domain, nic)

    # -- what it tells ---------------------------------------------------------------------------

    def statistics(self) -> Mapping[str, VmStatistics]:
        with session(self.host, "read statistics") as conn:
            return statistics.read(conn)

    def watch_power(self, report: Callable[[str, str, PowerState], None], stop: Callable[[], bool]) -> None:
        power_events.watch(self.host, report, stop)

    def console(self, uuid: str) -> ConsoleFacts:
        with session(self.host, f"find the console of machine {uuid}") as conn:
            return console.facts(running_domain(conn, uuid), self.host)

    # -- its own ---------------------------------------------------------------------------------

    def _known(self, conn: libvirt.virConnect, uuid: str) -> libvirt.virDomain:
        domain = find_domain(conn, uuid)
        if domain is None:
            raise NotFound(f"machine {uuid} is not on {self.host.name}")
        return domain

    def _resume(self, domain: libvirt.virDomain) -> None:
        """Let a paused machine go on, unless it is paused because it is being moved."""
        state, reason = domain.state()
        if state != libvirt.VIR_DOMAIN_PAUSED:
            return
        if reason in (libvirt.VIR_DOMAIN_PAUSED_MIGRATION, libvirt.VIR_DOMAIN_PAUSED_POSTCOPY):
            raise DriverError(f"{domain.name()} is being moved", retryable=True)
        try:
            domain.resume()
        except libvirt.libvirtError as error:
            if error.get_error_code() not in (OPERATION_INVALID, NO_DOMAIN) or power_of(domain) is not PowerState.ON:
                raise

    @staticmethod
    def _paths(target: HostRef, spec: VmSpec) -> HostPaths:
        """Where the files of a machine lie on a host."""
        options = HostOptions.from_details(target.details)
        uuid = canonical_uuid(spec.uuid, "machine")
        return HostPaths(
            seed=f"{options.seed_path.rstrip('/')}/{_seed_name(uuid)}" if spec.seed else "",
            console_log=f"{options.console_path.rstrip('/')}/{_console_name(uuid)}",
        )

    def _write_files(self, conn: libvirt.virConnect, spec: VmSpec, options: HostOptions) -> HostPaths:
        paths = self._paths(self.host, spec)
        HostFolder(conn, CONSOLES, options.console_path).ensure()
        if spec.seed is not None:
            HostFolder(conn, SEEDS, options.seed_path).put(paths.seed.rpartition("/")[2], seed_image(spec.seed))
        return paths

    def _remove_files(self, conn: libvirt.virConnect, uuid: str) -> None:
        canonical = canonical_uuid(uuid, "machine")
        HostFolder(conn, SEEDS, self.options.seed_path).remove(_seed_name(canonical))
        HostFolder(conn, CONSOLES, self.options.console_path).remove(_console_name(canonical))


def _seed_name(uuid: str) -> str:
    return f"seed-{uuid}.iso"


def _console_name(uuid: str) -> str:
    return f"console-{uuid}.log"
