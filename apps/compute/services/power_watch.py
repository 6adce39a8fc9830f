"""Listens to the hosts' own events: one thread a host, started and ended as hosts come and go."""

import logging
import threading

from django.db import close_old_connections, connection

from apps.compute.services.power_sync import PowerSyncManager
from apps.infrastructure.models import Host
from apps.infrastructure.specs import host_ref
from apps.infrastructure.states import HostStatus
from cloudstack.contracts.errors import DriverError
from cloudstack.contracts.host import HostRef
from cloudstack.contracts.hypervisor import PowerState, SupportsPowerEvents
from cloudstack.framework.drivers import hypervisor_driver
from cloudstack.framework.errors import CloudError

log = logging.getLogger(__name__)

RETRY_S = 5.0
LOOK_S = 10.0


class PowerWatch:
    """Watches every host whose driver tells of power changes; what it misses the sweep finds."""

    def __init__(self, stop: threading.Event):
        self.stop = stop
        self.threads: dict[str, tuple[threading.Thread, threading.Event]] = {}

    def run(self) -> None:
        """Return when ``stop`` is set, with all threads ended."""
        while not self.stop.is_set():
            close_old_connections()
            self._follow(self._watchable())
            self.stop.wait(LOOK_S)
        for _, end in self.threads.values():
            end.set()
        for thread, _ in self.threads.values():
            thread.join(timeout=2)

    def _watchable(self) -> dict[str, HostRef]:
        hosts = Host.objects.filter(status=HostStatus.UP).select_related("zone", "pod", "cluster")
        found = {}
        for host in hosts:
            ref = host_ref(host)
            try:
                if isinstance(hypervisor_driver(ref), SupportsPowerEvents):
                    found[ref.uuid] = ref
            except CloudError as error:
                log.warning("host %s is not watched: %s", host, error)
        return found

    def _follow(self, wanted: dict[str, HostRef]) -> None:
        for uuid in set(self.threads) - set(wanted):
            self.threads.pop(uuid)[1].set()
        for uuid, ref in wanted.items():
            known = self.threads.get(uuid)
            if known is None or not known[0].is_alive():
                end = threading.Event()
                thread = threading.Thread(target=self._watch, args=(ref, end), name=f"watch-{ref.name}", daemon=True)
                self.threads[uuid] = (thread, end)
                thread.start()

    def _watch(self, ref: HostRef, end: threading.Event) -> None:
        driver = hypervisor_driver(ref)
        while not (end.is_set() or self.stop.is_set()):
            try:
                log.info("watching host %s", ref.name)
                driver.watch_power(_report, lambda: end.is_set() or self.stop.is_set())  # type: ignore[attr-defined]
            except DriverError as error:
                log.warning("host %s is not heard: %s", ref.name, error)
            end.wait(RETRY_S)
        connection.close()


def _report(host_uuid: str, vm_uuid: str, power: PowerState) -> None:
    close_old_connections()
    try:
        PowerSyncManager().report(host_uuid=host_uuid, vm_uuid=vm_uuid, power=power)
    except Exception:
        # The thread must go on listening; the sweep looks at the same difference again.
        log.exception("a report of host %s on machine %s was not taken in", host_uuid, vm_uuid)
