"""A workflow for real worker processes. Its effects are files, so that a killed worker leaves them behind.

Workers import this module because their settings are ``tests.workflows.jobs.worker_settings``. The folder of files
is named by ``CLOUDSTACK_TEST_WORLD``. A file ``hold <moment>`` there stops whoever comes to that moment.
"""

import os
import time
from pathlib import Path

from cloudstack.framework.configuration.models import ConfigValue
from cloudstack.framework.jobs import JobContext, Step, Workflow

WORLD = "CLOUDSTACK_TEST_WORLD"
NAME = "tests.tower.raise"


def folder() -> Path:
    return Path(os.environ[WORLD])


def note(line: str) -> None:
    """A line of the journal with the process that wrote it, in one write."""
    with (folder() / "journal").open("a") as file:
        file.write(f"{os.getpid()} {line}\n")


def moment(name: str) -> None:
    """Note that a process is here, and stay while the test holds this moment."""
    note(name)
    while (folder() / f"hold {name}").exists():
        time.sleep(0.01)


class _Floor(Step):
    def do(self, ctx: JobContext) -> None:
        name = type(self).__name__
        moment(f"before {name}")
        try:
            (folder() / f"{ctx.job.uuid} {name}").touch(exist_ok=False)
            note(f"made {name}")
        except FileExistsError:
            pass
        moment(f"made and unsaved {name}")
        with ctx.transaction():
            ConfigValue.objects.get_or_create(
                name=name,
                scope="tests.tower",
                scope_uuid=str(ctx.job.uuid),
                defaults={"value": str(os.getpid())},
            )
            moment(f"inside the transaction of {name}")
        moment(f"after {name}")

    def verify(self, ctx: JobContext) -> bool:
        name = type(self).__name__
        known = ConfigValue.objects.filter(name=name, scope="tests.tower", scope_uuid=str(ctx.job.uuid)).exists()
        return known and (folder() / f"{ctx.job.uuid} {name}").exists()

    def undo(self, ctx: JobContext) -> None:
        (folder() / f"{ctx.job.uuid} {type(self).__name__}").unlink(missing_ok=True)
        with ctx.transaction():
            ConfigValue.objects.filter(
                name=type(self).__name__, scope="tests.tower", scope_uuid=str(ctx.job.uuid)
            ).delete()


class First(_Floor):
    title = "First floor"


class Second(_Floor):
    title = "Second floor"


class RaiseTower(Workflow):
    name = NAME
    title = "Raise a tower"
    steps = [First, Second]

    def load(self, ctx: JobContext) -> None:
        moment("load")

    def on_succeeded(self, ctx: JobContext) -> None:
        moment("last words")
