"""What every test may ask for: a private Redis server, real Celery workers, a database that they share."""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as django_settings
from django.db import connections

from cloudstack.runtime.collector import settle
from cloudstack.runtime.tether import PARENT_VARIABLE, tether_command
from cloudstack.runtime.valkey import private_valkey
from tests.support import migrated
from tests.support.about_plugins import absent_for

REPO = Path(__file__).resolve().parent.parent


_DATABASE_FIXTURES = {"db", "transactional_db", "django_db_reset_sequences", "django_db_serialized_rollback"}


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--database-only", action="store_true", help="only the tests that use the database")
    parser.addoption("--failed-to", type=Path, help="file that gets the names of the tests that failed")


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    # Of all tests, those in the folders of plugins too.
    config.pluginmanager.register(migrated, "migrated-database")
    path = config.getoption("--failed-to")
    if path is not None and not hasattr(config, "workerinput"):
        config.pluginmanager.register(FailedTests(path), "failed-tests")


class FailedTests:
    """Writes down what failed, for ``bin/test --again``."""

    def __init__(self, path: Path):
        self.path = path
        self.names: dict[str, None] = {}

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.failed and report.nodeid not in self.names:
            self.names[report.nodeid] = None
            self.path.write_text("\n".join(self.names))


class WithoutPlugin(pytest.Item):
    """Stands for all tests of a file that needs a plugin whose folder is not there; its name says which."""

    def runtest(self) -> None:
        pytest.skip(self.name)

    def reportinfo(self) -> tuple[Path, None, str]:
        return self.path, None, self.name


class FileWithoutPlugin(pytest.File):
    """Such a file, which is not imported."""

    plugins: list[str]

    def collect(self) -> Iterator[pytest.Item]:
        yield WithoutPlugin.from_parent(self, name=f"needs plugin {' and '.join(self.plugins)}")


class FolderWithoutPlugin(pytest.File):
    """A folder whose conftest needs the plugin. No ``Directory``: of those pytest imports the conftest."""

    plugins: list[str]

    def collect(self) -> Iterator[pytest.Collector]:
        for path in sorted(self.path.rglob("test_*.py")):
            yield _without(FileWithoutPlugin, self, path, self.plugins)


def _without(kind: Any, parent: Any, path: Path, plugins: list[str]) -> Any:
    node = kind.from_parent(parent, path=path)
    node.plugins = plugins
    return node


def pytest_pycollect_makemodule(module_path: Path, parent: Any) -> Any:
    plugins = absent_for(module_path)
    return _without(FileWithoutPlugin, parent, module_path, plugins) if plugins else None


def pytest_collect_directory(path: Path, parent: Any) -> Any:
    plugins = absent_for(path)
    return _without(FolderWithoutPlugin, parent, path, plugins) if plugins else None


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Lab tests of one folder share hosts, so they run in one process; folders may run beside each other.

    Slow ones come first: at the end of a run no process is to sit idle beside one that has a long test before it.
    ``--database-only`` leaves out what would run the same without a database (bin/test's PostgreSQL phase).
    """
    items.sort(key=lambda item: item.get_closest_marker("slow") is None)
    for item in items:
        if item.get_closest_marker("lab") and not item.get_closest_marker("xdist_group"):
            item.add_marker(pytest.mark.xdist_group(f"lab in {item.path.parent.name}"))
    if not config.getoption("--database-only"):
        return
    chosen, left = [], []
    for item in items:
        uses = item.get_closest_marker("django_db") or _DATABASE_FIXTURES & set(getattr(item, "fixturenames", ()))
        (chosen if uses else left).append(item)
    config.hook.pytest_deselected(items=left)
    items[:] = chosen


def pytest_collection_finish(session: pytest.Session) -> None:
    """Thousands of tests and all modules are there for the whole run: the collector need not go through them again."""
    settle()


def pytest_runtest_setup(item: pytest.Item) -> None:
    """A test whose surroundings are missing is skipped with its reason, not failed."""
    if item.get_closest_marker("lab") and os.geteuid() != 0:
        pytest.skip("the lab of real hosts needs root")
    if item.get_closest_marker("postgres") and connections["default"].vendor != "postgresql":
        pytest.skip("needs PostgreSQL: set DATABASE_URL, or let bin/test bring a private one")


@pytest.fixture(scope="session")
def django_db_modify_db_settings(request: pytest.FixtureRequest) -> None:
    """SQLite tests use a file, so that threads and worker processes see one database; PostgreSQL gets a name each."""
    entry = connections["default"].settings_dict
    if "sqlite" in entry["ENGINE"]:
        entry["TEST"]["NAME"] = str(django_settings.TEST_RUN_DIR / "test.sqlite3")
    else:
        request.getfixturevalue("django_db_modify_db_settings_parallel_suffix")


@pytest.fixture(scope="session")
def private_valkey_url() -> Iterator[str]:
    """The ``REDIS_URL`` of a real server that belongs to this test process; settings point to it already."""
    with private_valkey(django_settings.TEST_RUN_DIR) as url:
        assert url == os.environ["REDIS_URL"]
        yield url


@pytest.fixture
def broker(private_valkey_url: str, settings: Any) -> Iterator[str]:
    """An empty broker with the bell switched on: dispatching a job sends its wake-up."""
    import redis

    client = redis.Redis.from_url(private_valkey_url)
    client.flushall()
    settings.JOB_BELL_ENABLED = True
    yield private_valkey_url
    client.flushall()
    client.close()


@pytest.fixture
def celery_eager() -> Iterator[None]:
    """Tasks run where they are sent, without a broker, and raise what they raise."""
    from cloudstack.celery import app

    before = app.conf.task_always_eager, app.conf.task_eager_propagates
    app.conf.task_always_eager = app.conf.task_eager_propagates = True
    yield
    app.conf.task_always_eager, app.conf.task_eager_propagates = before


class Worker:
    """A real Celery worker process of this test."""

    def __init__(self, name: str, process: "subprocess.Popen[bytes]", log: Path):
        self.name, self.process, self.log = name, process, log

    @property
    def pid(self) -> int:
        return self.process.pid

    def kill(self) -> None:
        """What the kernel's out-of-memory killer does; returns when the process is gone."""
        self.process.kill()
        self.process.wait(10)


@pytest.fixture
def celery_worker_processes(broker: str, transactional_db: None) -> Iterator[Callable[..., list[Worker]]]:
    """Start real workers on the test's own database and broker: ``celery_worker_processes(2) -> [Worker, Worker]``.

    Options: ``queues`` (default ``"jobs"``), ``pool`` (``"solo"``: the process itself runs the task, so that
    ``Worker.kill`` kills the task too; ``"prefork"``), ``concurrency``, ``env``. They answer when it returns. They are
    gone after the test, and they die with the test process.
    """
    from cloudstack.celery import app

    started: list[Worker] = []

    def start(
        count: int = 1,
        *,
        queues: str = "jobs",
        pool: str = "solo",
        concurrency: int = 1,
        env: dict[str, str] | None = None,
        seconds: float = 120.0,
    ) -> list[Worker]:
        new = []
        for _ in range(count):
            name = f"test{len(started) + 1}-{os.getpid()}"
            log = django_settings.TEST_RUN_DIR / f"{name}.log"
            arguments = ["-A", "cloudstack", "worker", "-n", f"{name}@test", "-Q", queues, "-P", pool, "-l", "INFO"]
            arguments += ["-c", str(concurrency), "--without-gossip", "--without-mingle", "--without-heartbeat"]
            with log.open("wb") as output:
                process = subprocess.Popen(
                    [*tether_command("SIGKILL"), sys.executable, "-m", "celery", *arguments],
                    cwd=REPO,
                    env=os.environ | worker_environment() | (env or {}),
                    stdin=subprocess.DEVNULL,
                    stdout=output,
                    stderr=subprocess.STDOUT,
                )
            worker = Worker(f"{name}@test", process, log)
            started.append(worker)
            new.append(worker)
        deadline = time.monotonic() + seconds
        missing = {worker.name for worker in new}
        while missing:
            for worker in new:
                if worker.process.poll() is not None:
                    pytest.fail(f"{worker.name} did not start: {worker.log.read_text()[-2000:]}")
            if time.monotonic() > deadline:
                pytest.fail(f"no answer from {missing} in {seconds:.0f} s: {new[0].log.read_text()[-2000:]}")
            for reply in app.control.ping(destination=list(missing), timeout=0.3):
                missing -= set(reply)
        return new

    yield start
    # What they were at does not count any more, and to ask them takes seconds.
    for worker in started:
        worker.process.kill()
    for worker in started:
        worker.process.wait(10)


def worker_environment() -> dict[str, str]:
    """What makes a child process of the tests see the test database and the test broker."""
    return {
        "DJANGO_SETTINGS_MODULE": os.environ.get("DJANGO_SETTINGS_MODULE", "cloudstack.settings.test"),
        "DATABASE_URL": database_url_of_the_test(),
        "CLOUDSTACK_TEST_BELL": "1",
        "PYTHONPATH": os.pathsep.join([str(REPO), *filter(None, [os.environ.get("PYTHONPATH")])]),
        PARENT_VARIABLE: str(os.getpid()),
    }


def database_url_of_the_test() -> str:
    """The ``DATABASE_URL`` of the database that the current test uses."""
    from urllib.parse import quote

    entry = connections["default"].settings_dict
    if "sqlite" in entry["ENGINE"]:
        return f"sqlite:///{entry['NAME']}"
    user, password = quote(entry["USER"] or ""), quote(entry["PASSWORD"] or "")
    credentials = f"{user}:{password}@" if password else f"{user}@" if user else ""
    port = f":{entry['PORT']}" if entry["PORT"] else ""
    return f"postgres://{credentials}{quote(entry['HOST'] or '', safe='')}{port}/{entry['NAME']}"
