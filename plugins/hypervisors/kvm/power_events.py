"""Power changes as they happen, from libvirt's lifecycle events."""

import queue
from collections.abc import Callable

import libvirt

from cloudstack.contracts.errors import DriverUnavailable
from cloudstack.contracts.host import HostRef
from cloudstack.contracts.hypervisor import PowerState
from plugins.hypervisors.kvm.connection import open_connection
from plugins.hypervisors.kvm.domains import find_domain, is_ours, our_domains, power_of
from plugins.hypervisors.kvm.errors import translate
from plugins.hypervisors.kvm.event_loop import event_loop

LOOK_UP_S = 1.0


def watch(host: HostRef, report: Callable[[str, str, PowerState], None], stop: Callable[[], bool]) -> None:
    """Report each change until ``stop()``; ``DriverUnavailable`` when the connection breaks.

    An event only says where to look: what is reported is the power as it is then, so that late or
    doubled events do no harm.
    """
    if not event_loop.ensure():
        raise DriverUnavailable(f"{host.name}: libvirt events need a process that did not fork after its first use")
    # A connection of its own: on the cached one the callbacks would outlive this call.
    conn = open_connection(host)
    changed: queue.SimpleQueue[str | None] = queue.SimpleQueue()
    try:
        conn.registerCloseCallback(lambda *_: changed.put(None), None)
        handle = conn.domainEventRegisterAny(
            None, libvirt.VIR_DOMAIN_EVENT_ID_LIFECYCLE, lambda c, domain, *_: changed.put(domain.UUIDString()), None
        )
        _report_changes(host, conn, changed, report, stop)
        conn.domainEventDeregisterAny(handle)
        conn.unregisterCloseCallback()
    except libvirt.libvirtError as error:
        raise translate(error, f"{host.name}: watch power") from error
    finally:
        conn.close()


def _report_changes(
    host: HostRef,
    conn: libvirt.virConnect,
    changed: "queue.SimpleQueue[str | None]",
    report: Callable[[str, str, PowerState], None],
    stop: Callable[[], bool],
) -> None:
    last = {domain.UUIDString(): power_of(domain) for domain in our_domains(conn)}
    while not stop():
        try:
            uuid = changed.get(timeout=LOOK_UP_S)
        except queue.Empty:
            continue
        if uuid is None:
            raise DriverUnavailable(f"{host.name}: the connection for power events was lost")
        state = _settled_power(conn, uuid, known=uuid in last)
        if state is None or last.get(uuid) is state:
            continue
        if state is PowerState.ABSENT:
            last.pop(uuid, None)
        else:
            last[uuid] = state
        report(host.uuid, uuid, state)


def _settled_power(conn: libvirt.virConnect, uuid: str, *, known: bool) -> PowerState | None:
    """The power of a machine of ours; None for one of somebody else, or one that is just being moved."""
    domain = find_domain(conn, uuid)
    if domain is None:
        return PowerState.ABSENT if known else None
    if not known and not is_ours(domain):
        return None
    state = power_of(domain)
    if state is PowerState.PAUSED and domain.state()[1] in (
        libvirt.VIR_DOMAIN_PAUSED_MIGRATION,
        libvirt.VIR_DOMAIN_PAUSED_STARTING_UP,
        libvirt.VIR_DOMAIN_PAUSED_POSTCOPY,
    ):
        return None
    return state
