"""Signs of life: agents send them, and hosts that fall silent are asked by their driver."""

import logging
import time
from datetime import timedelta
from typing import Any

from django.db import transaction
from django.db.models import Case, Q, Value, When
from django.utils import timezone

from apps.infrastructure.config import PING_INTERVAL, PING_TIMEOUT
from apps.infrastructure.models import Host
from apps.infrastructure.services.facts import SILENT, apply_facts, note_signs_of_life, record_loads, record_ping
from apps.infrastructure.services.host_state import HOST_STATUS
from apps.infrastructure.services.rounds import Question, ask
from apps.infrastructure.states import HostStatus
from cloudstack.contracts.host import HostFacts, HostLoad
from cloudstack.contracts.hypervisor import SupportsHostLoad
from cloudstack.framework.errors import StaleState

log = logging.getLogger(__name__)

BUDGET_S = 20.0
"""How long one check may ask hosts; the rest is asked by the next one."""
FACTS: Question[HostFacts] = Question(
    lambda driver: driver.host_facts(), lambda driver, hosts: driver.facts_of_hosts(hosts)
)
LOAD_NOW: Question[HostLoad] = Question(
    lambda driver: driver.host_load() if isinstance(driver, SupportsHostLoad) else None,
    lambda driver, hosts: driver.loads_of_hosts(hosts),
)
# What the agent calls it, what the row calls it, and the largest value that can be meant.
NUMBERS = (("cpus", "cpus", 65536), ("cpu_mhz", "cpu_mhz", 1_000_000), ("memory_total_mib", "memory_mib", 2**31))
TEXTS = (("agent_version", "version"), ("hostname", "hostname"))
# How busy the host is: nothing is a value too.
LOAD = (
    ("cpu_used_percent", "cpu_used_percent", 100),
    ("load_1m", "load_average", 1_000_000),
    ("network_rx_bytes", "network_rx_bytes", 2**63 - 1),
    ("network_tx_bytes", "network_tx_bytes", 2**63 - 1),
)


def heartbeat(host_uuid: Any, facts: dict[str, Any]) -> bool:
    """An agent's sign of life; False when there is no such host. What it cannot mean is left out."""
    host = Host.objects.select_related("capacity").filter(uuid=host_uuid).first()
    if host is None:
        log.warning("a host that does not exist sends signs of life: %s", host_uuid)
        return False
    with transaction.atomic():
        _again(record_ping, host, _sane(facts))
    return True


def _again(act: Any, host: Host, *arguments: Any) -> None:
    """Somebody else's state change in between is no error: the next sign of life sees it."""
    try:
        with transaction.atomic():
            act(host, *arguments)
    except StaleState:
        log.info("host %s changed meanwhile", host)


def _sane(facts: dict[str, Any]) -> dict[str, Any]:
    known: dict[str, Any] = {}
    for name, column, highest in NUMBERS:
        value = facts.get(name)
        if type(value) is int and 0 < value <= highest:
            known[column] = value
    for name, column, highest in LOAD:
        value = facts.get(name)
        if type(value) in (int, float) and 0 <= value <= highest:
            known[column] = value
    free, total = facts.get("memory_free_mib"), known.get("memory_mib")
    if type(free) is int and total and 0 <= free <= total:
        known["memory_used_mib"] = total - free
    for name, column in TEXTS:
        if isinstance(facts.get(name), str) and facts[name]:
            known[column] = facts[name]
    return known


def check_hosts() -> dict[str, int]:
    """Ask hosts that have been silent too long; those that do not answer go to ``Alert``, those that do come back."""
    patience = timedelta(seconds=PING_INTERVAL.value() * PING_TIMEOUT.value())
    silent = Q(last_ping__isnull=True) | Q(last_ping__lt=timezone.now() - patience)
    # Hosts thought to be Up come first: a fault there matters most, and is asked for only once.
    worst_last = Case(When(status=HostStatus.UP, then=Value(0)), default=Value(1))
    hosts = list(
        Host.objects.filter(silent, status__in=(HostStatus.UP, *SILENT))
        .select_related("zone", "pod", "cluster", "capacity")
        .order_by(worst_last, "last_ping", "pk")
    )
    alive = dead = 0
    deadline = time.monotonic() + BUDGET_S
    for answers in ask(hosts, FACTS):
        same = note_signs_of_life(answers.told)
        for host, facts in answers.told:
            if host.pk not in same:
                _again(_answered, host, facts)
        for host, error in answers.failed:
            _again(_fell_silent, host, str(error))
        alive += len(answers.told)
        dead += len(answers.failed)
        if time.monotonic() > deadline:
            break
    return {"alive": alive, "silent": dead, "left": len(hosts) - alive - dead}


def measure_hosts() -> int:
    """Ask the drivers that know it how busy their hosts are; answers how many told. Others have agents that do."""
    told = 0
    deadline = time.monotonic() + BUDGET_S
    # In another order each time: where there are more than can be asked in the time, all have their turn.
    hosts = Host.objects.filter(status=HostStatus.UP).select_related("zone", "pod", "cluster").order_by("?")
    for answers in ask(hosts, LOAD_NOW):
        record_loads(answers.told)
        told += len(answers.told)
        for host, error in answers.failed:
            log.info("host %s did not tell how busy it is: %s", host, error)
        if time.monotonic() > deadline:
            break
    return told


def _answered(host: Host, facts: Any) -> None:
    apply_facts(host, facts)
    if host.status in SILENT:
        HOST_STATUS.fire(host, "ping", status_reason="", disconnected_at=None)


def _fell_silent(host: Host, reason: str) -> None:
    reason = reason[:1024]
    if host.status == HostStatus.UP:
        host.status_reason = reason
        HOST_STATUS.fire(host, "ping_timeout", status_reason=reason, disconnected_at=timezone.now())
    else:
        Host.objects.filter(pk=host.pk, status=host.status).update(status_reason=reason)
