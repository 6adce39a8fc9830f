"""The shape of tables that hold figures over time."""

from typing import ClassVar

from django.db import models


class History(models.Model):
    """Figures of something in one stretch of time; a table holds stretches of several widths.

    Sums and counts are stored, never means: stretches are added up without loss, and a mean is a sum over a count.
    """

    width_s = models.PositiveIntegerField()
    """How many seconds the stretch has: one of ``arithmetic``'s widths."""
    began = models.DateTimeField()
    samples = models.PositiveIntegerField(default=1)
    """How often was looked within the stretch."""

    keys: ClassVar[tuple[str, ...]] = ()
    """Fields that say whose figures these are."""
    sums: ClassVar[tuple[str, ...]] = ()
    """Fields that add up."""
    peaks: ClassVar[tuple[str, ...]] = ()
    """Fields of which the highest counts."""

    class Meta:
        abstract = True
        # By time, over all keys: what is due, what is too old. The constraint of each table serves its charts.
        indexes = [models.Index(fields=["width_s", "began"], name="%(class)s_by_time")]

    def __str__(self) -> str:
        return f"{self.width_s} s from {self.began:%Y-%m-%d %H:%M}"
