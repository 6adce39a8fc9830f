"""Faults on request: made, looked at, taken back."""

from typing import Any

from cloudstack.plugin.api import Caller, InvalidParameter
from plugins.hypervisors.simulator.faults import MAX_WAIT_MS, known_commands
from plugins.hypervisors.simulator.models import Fault, Violation
from plugins.hypervisors.simulator.names import command_of

KINDS = "wait:<ms>, timeout:<ms>, fault:<text>, unavailable:<text>, crash:before or crash:after"


class FaultManager:
    """Intent on the simulated world; operators only."""

    def configure(
        self,
        *,
        caller: Caller,
        name: str,
        value: str,
        count: int | None = None,
        zone: Any = None,
        pod: Any = None,
        cluster: Any = None,
        host: Any = None,
    ) -> Fault:
        """A fault for the command ``name`` in a place, ``count`` times (without end when it is None or negative)."""
        command = command_of(name)
        if command is None:
            raise InvalidParameter(
                f"no command is named {name!r}; there are {', '.join(sorted(known_commands))}", parameter="name"
            )
        return Fault.objects.create(
            command=command,
            value=_checked(value),
            remaining=None if count is None or count < 0 else count,
            zone_uuid=getattr(zone, "uuid", None),
            pod_uuid=getattr(pod, "uuid", None),
            cluster_uuid=getattr(cluster, "uuid", None),
            host_uuid=getattr(host, "uuid", None),
        )

    def get(self, *, caller: Caller, fault_id: int | None) -> Fault:
        """One fault. Raises ``InvalidParameter`` when there is none with that number."""
        fault = Fault.objects.filter(pk=fault_id).first()
        if fault is None:
            raise InvalidParameter(f"there is no simulated fault with id {fault_id}", parameter="id")
        return fault

    def clean_up(self, *, caller: Caller, fault_id: int | None = None) -> int:
        """Take one fault back, or all of them; answers how many there were."""
        faults = Fault.objects.all() if fault_id is None else Fault.objects.filter(pk=fault_id)
        count, _ = faults.delete()
        if fault_id is not None and not count:
            raise InvalidParameter(f"there is no simulated fault with id {fault_id}", parameter="id")
        return count


def _checked(value: str) -> str:
    kind, _, text = value.strip().partition(":")
    kind = kind.lower()
    text = text.strip()
    if kind in ("wait", "timeout"):
        if not (text.isascii() and text.isdigit()) or int(text) > MAX_WAIT_MS:
            raise InvalidParameter(
                f"value is {value!r}; {kind} takes milliseconds from 0 to {MAX_WAIT_MS}", parameter="value"
            )
        return f"{kind}:{int(text)}"
    if kind in ("fault", "unavailable"):
        return f"{kind}:{text}"
    if kind == "crash" and text.lower() in ("before", "after"):
        return f"crash:{text.lower()}"
    raise InvalidParameter(f"value is {value!r}; possible are {KINDS}", parameter="value")


def broken_promises() -> str:
    """For the health check: how often something was asked of the simulated world that must never happen."""
    newest = Violation.objects.first()
    return f"{Violation.objects.count()} violations, the last one: {newest}" if newest is not None else ""
