"""The agent as a Celery worker: one queue, one task, one heartbeat."""

from __future__ import annotations

import logging
import threading
import warnings
from typing import Any

from celery import Celery
from celery.exceptions import CPendingDeprecationWarning, SecurityWarning
from kombu.entity import Queue

from cloudstack.agent import bridges, dhcp, facts, registry
from cloudstack.agent.log import log
from cloudstack.agent.tools import AgentContext
from cloudstack.contracts.agent import HEARTBEAT_S, HEARTBEAT_TASK, TASK, HostFactsQuery, queue_name
from cloudstack.contracts.errors import DriverError

# Commands wait for programs, not for the processor, and those of different networks do not meet.
CONCURRENCY = 4
RESULT_EXPIRES_S = 600
SUPERVISE_S = 5.0


def make_app(context: AgentContext, broker: str) -> Celery:
    """The Celery application. ``broker`` is a URL in Celery's words; results go to the same server."""
    app = Celery("cloudstack-agent", broker=broker, backend=broker, set_as_current=False)
    queue = queue_name(context.host_uuid)
    app.conf.update(
        # JSON alone: a message is data, never code.
        accept_content=["json"],
        task_serializer="json",
        result_serializer="json",
        task_queues=[Queue(queue, routing_key=queue)],
        task_default_queue=queue,
        worker_prefetch_multiplier=1,
        task_acks_late=True,
        result_expires=RESULT_EXPIRES_S,
        # Nobody steers an agent but by its commands.
        worker_enable_remote_control=False,
        worker_hijack_root_logger=False,
        worker_redirect_stdouts=False,
        broker_connection_retry_on_startup=True,
        broker_connection_max_retries=None,
        broker_transport_options={"socket_connect_timeout": 5},
        enable_utc=True,
    )

    @app.task(name=TASK)
    def call(kind: str, payload: dict[str, Any]) -> dict[str, Any]:
        return registry.answer(context, kind, payload)

    return app


def serve(context: AgentContext, broker: str) -> None:
    """Run until SIGTERM."""
    # Bridges and namespaces need root; Celery warns of it because of pickle, which is refused above.
    warnings.filterwarnings("ignore", category=SecurityWarning)
    # Commands are idempotent: one that is delivered again after a lost connection does no harm.
    warnings.filterwarnings("ignore", category=CPendingDeprecationWarning)
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    context.prepare()
    app = make_app(context, broker)
    stop = threading.Event()
    for work in (_beat, _supervise):
        threading.Thread(target=work, args=(context, app, stop), name=work.__name__, daemon=True).start()
    log("started", host=context.host_uuid, state_dir=context.state_dir)
    worker = app.Worker(
        hostname=f"agent@{context.host_uuid}",
        pool="threads",
        concurrency=CONCURRENCY,
        optimization="fair",
        without_gossip=True,
        without_mingle=True,
        without_heartbeat=True,
        loglevel="WARNING",
        quiet=True,
    )
    try:
        worker.start()
    finally:
        stop.set()
        log("stopped")


def _beat(context: AgentContext, app: Celery, stop: threading.Event) -> None:
    """Tell the portal every few seconds that this host lives and what it has."""
    silent = False
    while True:
        try:
            answer = facts.host_facts(context, HostFactsQuery())
            app.send_task(
                HEARTBEAT_TASK,
                kwargs={"host_uuid": context.host_uuid, "facts": answer.to_wire()["answer"]},
                queue="jobs",
                # An old one says nothing: it may not pile up while nobody listens.
                expires=3 * HEARTBEAT_S,
                ignore_result=True,
                retry=False,
            )
        except Exception as error:  # the broker's client knows many; none may silence the heart for good
            if not silent:
                log("heartbeat_failed", error=error)
            silent = True
        else:
            if silent:
                log("heartbeat_back")
            silent = False
        if stop.wait(HEARTBEAT_S):
            return


def _supervise(context: AgentContext, app: Celery, stop: threading.Event) -> None:
    """After a start of the host make its networks again; then keep their servers alive."""
    last_words = ""
    try:
        for name in bridges.restore_bridges(context):
            log("bridge_restored", bridge=name)
    except (DriverError, OSError, ValueError) as error:
        log("restore_failed", error=error)
    while not stop.is_set():
        words = ""
        try:
            for network in dhcp.revive(context):
                log("dhcp_revived", network=network)
        except (DriverError, OSError, ValueError) as error:
            words = str(error)
            if words != last_words:
                log("revive_failed", error=words)
        last_words = words
        stop.wait(SUPERVISE_S)
