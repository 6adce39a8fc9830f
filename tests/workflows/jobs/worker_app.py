"""Brings the test workflows into worker processes."""

from django.apps import AppConfig


class WorkerAppConfig(AppConfig):
    name = "tests.workflows.jobs"
    label = "tests_workflows_jobs"
    path = __file__.rpartition("/")[0]

    def ready(self) -> None:
        from cloudstack.framework.jobs import workflow
        from tests.workflows.jobs.outside import RaiseTower

        workflow(RaiseTower.name)(RaiseTower)
