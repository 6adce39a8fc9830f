"""The way to the agent on a host: a Celery task on the host's own queue, awaited."""

from typing import Any

from celery import current_app
from celery.exceptions import TimeoutError as CeleryTimeout
from celery.result import AsyncResult, allow_join_result
from kombu.exceptions import KombuError
from redis.exceptions import RedisError

from cloudstack.contracts.agent import TASK, AgentAnswer, AgentCommand, answer_from_wire, queue_name
from cloudstack.contracts.errors import DriverError, DriverTimeout, DriverUnavailable
from cloudstack.contracts.host import HostRef

# redis-py's connection errors are no OSError; Celery's result store says RuntimeError when its retries are used up.
BROKER_ERRORS = (KombuError, RedisError, OSError, RuntimeError)


class CeleryHostAgent:
    """The agent of one host. Can be used inside a task: the agent is another worker, it cannot wait for us."""

    def __init__(self, host: HostRef):
        self.host = host

    def call(self, command: AgentCommand, *, timeout_s: float) -> AgentAnswer:
        return answer_from_wire(command, self._ask(command, timeout_s))

    def _ask(self, command: AgentCommand, timeout_s: float) -> Any:
        queue = queue_name(self.host.uuid)
        what = f"{self.host.name}: {command.kind} on queue {queue}"
        result = self._send(command, queue, timeout_s, what)
        try:
            with allow_join_result():
                return result.get(timeout=timeout_s)
        except CeleryTimeout:
            raise DriverTimeout(f"{what}: the host agent gave no answer within {timeout_s:g} s") from None
        except BROKER_ERRORS as error:
            raise DriverUnavailable(f"{what}: the answer cannot be fetched: {error}") from error
        except Exception as error:
            # The agent's worker failed outside its own commands: another version, or not ours at all.
            raise DriverError(f"{what}: {type(error).__name__}: {error}") from error
        finally:
            _forget(result)

    @staticmethod
    def _send(command: AgentCommand, queue: str, timeout_s: float, what: str) -> AsyncResult:
        try:
            return current_app.send_task(
                TASK,
                args=(command.kind, command.to_wire()),
                queue=queue,
                # An agent that comes back later must not do what nobody waits for any more.
                expires=timeout_s,
                ignore_result=False,
            )
        except BROKER_ERRORS as error:
            raise DriverUnavailable(f"{what}: the broker cannot be reached: {error}") from error


def _forget(result: AsyncResult) -> None:
    """Take the answer out of the broker; when the broker is away it expires there by itself."""
    try:
        result.forget()
    except BROKER_ERRORS:
        return
