"""The only truth about asynchronous work: a job row, its ordered steps, its locks, its log."""

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone

from cloudstack.framework.models import PublicModel


class AsyncJob(PublicModel):
    """A unit of work that a worker carries out in steps.

    A worker owns the job while ``lease_until`` lies ahead; ``epoch`` rises with every claim and
    stands in the condition of every later write of that worker.
    """

    class Status(models.TextChoices):
        PENDING = "pending"
        RUNNING = "running"
        SUCCEEDED = "succeeded"
        FAILED = "failed"
        CANCELLED = "cancelled"

    class Phase(models.TextChoices):
        FORWARD = "forward"
        UNDO = "undo"

    LIVE: ClassVar[tuple[str, ...]] = (Status.PENDING, Status.RUNNING)

    name = models.CharField(max_length=128)
    """Name of the workflow, such as ``compute.vm.start``."""
    description = models.CharField(max_length=255, blank=True)
    arguments = models.JSONField(default=dict)
    """Ids only, never secrets."""
    data = models.JSONField(default=dict)
    """Facts that steps leave for later steps."""
    lock_names = models.JSONField(default=list)
    """The locks that the job asked for, as pairs (name, exclusive): a retry asks for them again."""
    status = models.CharField(max_length=10, choices=Status, default=Status.PENDING)
    phase = models.CharField(max_length=8, choices=Phase, default=Phase.FORWARD)
    queue = models.CharField(max_length=64, default="jobs")
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    account_uuid = models.UUIDField(null=True, blank=True)
    command = models.CharField(max_length=64, blank=True)
    event_type = models.CharField(max_length=64, blank=True)
    resource_type = models.CharField(max_length=64, blank=True)
    resource_uuid = models.UUIDField(null=True, blank=True)
    result = models.JSONField(null=True, blank=True)
    error_code = models.PositiveIntegerField(default=0)
    error_cs_code = models.PositiveIntegerField(default=0)
    error_text = models.TextField(blank=True)
    progress = models.PositiveSmallIntegerField(default=0)
    progress_text = models.CharField(max_length=255, blank=True)
    owner = models.CharField(max_length=160, blank=True)
    epoch = models.PositiveIntegerField(default=0)
    lease_until = models.DateTimeField(null=True, blank=True)
    wake_at = models.DateTimeField(default=timezone.now)
    undo_attempts = models.PositiveIntegerField(default=0)
    cancel_requested = models.BooleanField(default=False)
    correlation_id = models.CharField(max_length=64, blank=True)
    started = models.DateTimeField(null=True, blank=True)
    completed = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-id"]
        indexes = [
            models.Index(fields=["status", "wake_at"], condition=Q(completed__isnull=True), name="job_live"),
            models.Index(fields=["account_uuid", "-id"], name="job_account_newest"),
            models.Index(fields=["resource_uuid"], name="job_resource"),
            models.Index(fields=["created"], name="job_created"),
            # Newest first of one kind: what operators filter the list by.
            models.Index(fields=["status", "-id"], name="job_status_newest"),
            models.Index(fields=["name", "-id"], name="job_name_newest"),
            models.Index(fields=["command", "-id"], name="job_command_newest"),
            models.Index(fields=["resource_type", "-id"], name="job_kind_newest"),
        ]

    def __str__(self) -> str:
        return f"{self.name} {self.uuid}"

    @property
    def is_live(self) -> bool:
        return self.status in self.LIVE


class JobStep(models.Model):
    """One step of a job; the engine stores each transition."""

    class State(models.TextChoices):
        PENDING = "pending"
        DOING = "doing"
        DONE = "done"
        FAILED = "failed"
        UNDOING = "undoing"
        UNDONE = "undone"

    job = models.ForeignKey(AsyncJob, on_delete=models.CASCADE, related_name="steps")
    position = models.PositiveSmallIntegerField()
    name = models.CharField(max_length=64)
    title = models.CharField(max_length=128)
    state = models.CharField(max_length=8, choices=State, default=State.PENDING)
    attempts = models.PositiveSmallIntegerField(default=0)
    started = models.DateTimeField(null=True, blank=True)
    finished = models.DateTimeField(null=True, blank=True)
    """When ``do`` ended, well or not."""
    undo_started = models.DateTimeField(null=True, blank=True)
    undo_finished = models.DateTimeField(null=True, blank=True)
    error = models.TextField(blank=True)

    class Meta:
        ordering = ["position"]
        constraints = [models.UniqueConstraint(fields=["job", "position"], name="one_step_per_position")]

    def __str__(self) -> str:
        return f"{self.position}. {self.title}"


class JobLock(models.Model):
    """A claim on a named resource: waiting from the job's birth, granted with the job's claim.

    The order is the job's id; a waiting exclusive claim counts as taken for every later job.
    """

    job = models.ForeignKey(AsyncJob, on_delete=models.CASCADE, related_name="locks")
    name = models.CharField(max_length=128)
    exclusive = models.BooleanField(default=True)
    granted = models.BooleanField(default=False)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["job", "name"], name="one_claim_per_job_and_name")]
        indexes = [models.Index(fields=["name", "job"], name="joblock_name_order")]

    def __str__(self) -> str:
        return f"{'exclusive' if self.exclusive else 'shared'} {self.name}"


class JobLog(models.Model):
    """A line that a step wrote while it ran."""

    job = models.ForeignKey(AsyncJob, on_delete=models.CASCADE, related_name="log_lines")
    created = models.DateTimeField(default=timezone.now)
    text = models.CharField(max_length=1024)

    class Meta:
        ordering = ["id"]

    def __str__(self) -> str:
        return self.text
