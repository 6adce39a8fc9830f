"""Intent on promises of capacity."""

from apps.compute import events
from cloudstack.framework.context import Caller
from cloudstack.framework.errors import PermissionDenied
from cloudstack.framework.jobs import AsyncJob, dispatch


class ReservationManager:
    """Looks after what machines were promised on hosts."""

    def clean(self, *, caller: Caller) -> AsyncJob:
        """Release what no machine needs any more."""
        if not caller.is_root_admin:
            raise PermissionDenied("only root admins clean reservations")
        return dispatch(
            "compute.reservation.clean",
            caller=caller,
            exclusive=["reservations"],
            description="Release promises of capacity that no machine needs",
            event_type=events.VM_RESERVATION_CLEANUP,
        )
