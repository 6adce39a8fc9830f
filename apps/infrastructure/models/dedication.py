"""What of the infrastructure is kept for one domain or account."""

from django.db import models
from django.db.models import Q

from apps.infrastructure.models.cluster import Cluster
from apps.infrastructure.models.host import Host
from apps.infrastructure.models.pod import Pod
from apps.infrastructure.models.zone import Zone
from cloudstack.framework.models import PublicModel

PLACES = ("zone", "pod", "cluster", "host")


def _only(kept: str) -> Q:
    return Q(**{f"{place}__isnull": place != kept for place in PLACES})


class Dedication(PublicModel):
    """One zone, pod, cluster or host that only machines of ``domain`` (and below), or of ``account`` alone, may use."""

    zone = models.OneToOneField(Zone, null=True, blank=True, on_delete=models.CASCADE, related_name="dedication")
    pod = models.OneToOneField(Pod, null=True, blank=True, on_delete=models.CASCADE, related_name="dedication")
    cluster = models.OneToOneField(Cluster, null=True, blank=True, on_delete=models.CASCADE, related_name="dedication")
    host = models.OneToOneField(Host, null=True, blank=True, on_delete=models.CASCADE, related_name="dedication")
    domain = models.ForeignKey("accounts.Domain", on_delete=models.CASCADE, related_name="dedications")
    account = models.ForeignKey(
        "accounts.Account", null=True, blank=True, on_delete=models.CASCADE, related_name="dedications"
    )

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=_only("zone") | _only("pod") | _only("cluster") | _only("host"),
                name="dedication_of_one_place",
            )
        ]

    def __str__(self) -> str:
        return f"{self.kind} kept for {self.account or self.domain}"

    @property
    def kind(self) -> str:
        """``zone``, ``pod``, ``cluster`` or ``host``."""
        return next(place for place in PLACES if getattr(self, f"{place}_id") is not None)
