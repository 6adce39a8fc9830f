"""A simulated cloud behind a real HTTP server, for client libraries that are taken as they come from PyPI."""

from collections.abc import Callable, Iterator

import pytest
from django.db import connections

from apps.accounts.services.role_rules import forget_rules
from cloudstack.framework.configuration import store
from cloudstack.testing.jobs import run_jobs
from tests.support.cloud import SimulatedCloud, build_cloud


@pytest.fixture
def cloud(transactional_db: None, live_server: object, monkeypatch: pytest.MonkeyPatch) -> Iterator[SimulatedCloud]:
    # Threads of the live server would keep theirs, and a PostgreSQL database in use cannot be dropped.
    monkeypatch.setitem(connections.settings["default"], "CONN_MAX_AGE", 0)
    forget_rules()
    store.forget()
    yield build_cloud(hosts=3, clusters=1)
    forget_rules()
    store.forget()


@pytest.fixture
def jobs_run_while_clients_wait() -> Callable[[float], None]:
    """In place of a client's ``sleep`` between two looks at a job."""
    return lambda seconds: (run_jobs(), None)[1]
