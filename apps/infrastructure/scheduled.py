"""Periodic work of the infrastructure, and the task through which host agents send signs of life."""

from typing import Any

from celery import shared_task

from apps.infrastructure.services import capacity, heartbeat, sampling
from cloudstack.framework.scheduler import scheduled


@scheduled("infrastructure.host_check", every_s=30)
def host_check() -> None:
    """Asks hosts that have been silent too long and puts those without an answer on alert."""
    heartbeat.check_hosts()


@scheduled("infrastructure.host_load", every_s=60)
def host_load() -> None:
    """Asks hosts without an agent how busy they are."""
    heartbeat.measure_hosts()


@scheduled("infrastructure.sample_hosts", every_s=60)
def sample_hosts() -> None:
    """Notes how busy hosts are."""
    sampling.sample_hosts()


@scheduled("infrastructure.sample_capacities", every_s=60)
def sample_capacities() -> None:
    """Notes how much of zones is taken, when the time of statistics.sampling.interval has come."""
    sampling.sample_capacities()


@scheduled("infrastructure.capacity_recount", every_s=24 * 3600)
def capacity_recount() -> None:
    """Compares the counters of promised capacity with the promises and puts wrong ones right."""
    capacity.recount()


@shared_task(name="infrastructure.host_heartbeat", ignore_result=True)
def host_heartbeat(host_uuid: str, facts: dict[str, Any] | None = None) -> None:
    """Sent by a host's agent every ``ping.interval`` seconds."""
    heartbeat.heartbeat(host_uuid, facts or {})
