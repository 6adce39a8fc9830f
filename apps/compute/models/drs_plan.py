"""Plans that even out the load of a cluster's hosts by moving machines."""

from django.db import models

from apps.compute.models.virtual_machine import VirtualMachine
from apps.compute.states import DrsPlanState, DrsPlanType
from apps.infrastructure.models import Cluster, Host
from cloudstack.framework.models import PublicModel


class ClusterDrsPlan(PublicModel):
    """Moves worked out for one cluster; ``imbalance`` is what it was before, ``expected`` what it shall be after."""

    cluster = models.ForeignKey(Cluster, on_delete=models.CASCADE, related_name="drs_plans")
    type = models.CharField(max_length=16, choices=DrsPlanType, default=DrsPlanType.MANUAL)
    state = models.CharField(max_length=16, choices=DrsPlanState, default=DrsPlanState.UNDER_REVIEW, editable=False)
    imbalance = models.FloatField(default=0)
    expected = models.FloatField(default=0)
    event_uuid = models.UUIDField(null=True, blank=True, editable=False)

    class Meta:
        verbose_name = "DRS plan"
        indexes = [models.Index(fields=["cluster", "id"], name="drs_plan_of_cluster")]

    def __str__(self) -> str:
        return f"plan for cluster {self.cluster}"


class ClusterDrsMigration(models.Model):
    """One move of a plan."""

    plan = models.ForeignKey(ClusterDrsPlan, on_delete=models.CASCADE, related_name="migrations")
    vm = models.ForeignKey(VirtualMachine, on_delete=models.CASCADE, related_name="+")
    source = models.ForeignKey(Host, on_delete=models.CASCADE, related_name="+")
    destination = models.ForeignKey(Host, on_delete=models.CASCADE, related_name="+")
    job_uuid = models.UUIDField(null=True, blank=True, editable=False)
    outcome = models.CharField(max_length=1024, blank=True, default="", editable=False)
    """Empty until the move is over; then ``done`` or why it was not made."""

    class Meta:
        verbose_name = "DRS migration"
        ordering = ["id"]

    def __str__(self) -> str:
        return f"{self.vm} from {self.source} to {self.destination}"
