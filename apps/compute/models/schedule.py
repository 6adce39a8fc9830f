"""What is done with a machine at set times."""

from django.db import models

from apps.compute.models.virtual_machine import VirtualMachine
from apps.compute.states import ScheduledAction
from cloudstack.framework.models import CloudModel


class VmSchedule(CloudModel):
    """An action and when it is due: a cron expression in a time zone, from ``start_date`` to ``end_date``.

    ``next_run`` is None when it is not due any more, or not enabled.
    """

    vm = models.ForeignKey(VirtualMachine, on_delete=models.CASCADE, related_name="schedules")
    description = models.CharField(max_length=1024, blank=True, default="")
    schedule = models.CharField(max_length=255)
    timezone = models.CharField(max_length=64)
    action = models.CharField(max_length=16, choices=ScheduledAction)
    enabled = models.BooleanField(default=True)
    start_date = models.DateTimeField()
    end_date = models.DateTimeField(null=True, blank=True)
    next_run = models.DateTimeField(null=True, blank=True, editable=False)

    class Meta(CloudModel.Meta):
        verbose_name = "schedule of a machine"
        verbose_name_plural = "schedules of machines"
        indexes = [
            models.Index(
                fields=["next_run"],
                condition=models.Q(removed__isnull=True, next_run__isnull=False),
                name="vm_schedule_due",
            )
        ]

    def __str__(self) -> str:
        return f"{self.action} {self.vm} at {self.schedule} ({self.timezone})"
