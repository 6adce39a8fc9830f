"""What people do with periodic jobs: run one now."""

from kombu.exceptions import OperationalError

from cloudstack.framework.context import Caller
from cloudstack.framework.errors import InvalidParameter, ResourceUnavailable
from cloudstack.framework.events.bus import publish
from cloudstack.framework.events.types import event_type
from cloudstack.framework.scheduler import registry
from cloudstack.framework.scheduler.tasks import run

SCHEDULE_RUN = event_type("SCHEDULE.RUN", "a periodic job was asked to run at once")


class ScheduleManager:
    """Operations on periodic jobs."""

    def run_now(self, *, caller: Caller, name: str) -> None:
        """Have a worker run the job ``name`` at once, unless it is running.

        Raises ``InvalidParameter`` for an unknown name, ``ResourceUnavailable`` when no broker takes the message.
        """
        job = registry.get(name)
        if job is None:
            raise InvalidParameter(f"no periodic job is named {name!r}; is its plugin enabled?", parameter="name")
        try:
            run.apply_async(args=[name], kwargs={"forced": True}, queue="jobs", expires=60)
        except OperationalError as error:
            raise ResourceUnavailable(f"the broker does not take messages: {error}") from error
        publish(SCHEDULE_RUN, caller=caller, description=f"Run {name} now")
