"""Pods: create, change, delete."""

from typing import Any

from django.db import transaction

from apps.infrastructure.events import POD_CREATE, POD_DELETE, POD_EDIT
from apps.infrastructure.models import Pod, Zone
from apps.infrastructure.services import guards, validation
from cloudstack.framework.context import Caller
from cloudstack.framework.events.bus import publish

ADDRESSES = {"gateway": "gateway", "netmask": "netmask", "start_ip": "startip", "end_ip": "endip"}


class PodManager:
    """Intent on pods; operators only."""

    @transaction.atomic
    def create(self, *, caller: Caller, zone: Zone, name: str, **fields: Any) -> Pod:
        """A new pod in ``zone``; a range needs gateway and netmask and must lie in their subnet."""
        pod = Pod(zone=zone, **self._cleaned({**fields, "name": name}))
        self._check(pod)
        pod.save()
        publish(POD_CREATE, caller=caller, description=f"pod {pod} created in zone {zone}", resource=pod)
        return pod

    @transaction.atomic
    def update(self, *, caller: Caller, pod: Pod, **fields: Any) -> Pod:
        """Change the columns in ``fields``; others stay."""
        pod = Pod.objects.select_for_update().get(pk=pod.pk)
        changes = self._cleaned(fields)
        for name, value in changes.items():
            setattr(pod, name, value)
        self._check(pod)
        pod.save(update_fields=list(changes))
        publish(POD_EDIT, caller=caller, description=f"pod {pod} changed: {', '.join(changes)}", resource=pod)
        return pod

    @transaction.atomic
    def delete(self, *, caller: Caller, pod: Pod) -> None:
        """Raises ``ResourceInUse`` while clusters or hosts are in the pod."""
        Pod.objects.select_for_update().get(pk=pod.pk)
        guards.refuse_when_used(pod)
        if pod.mark_removed():
            publish(POD_DELETE, caller=caller, description=f"pod {pod} deleted", resource=pod)

    def _cleaned(self, fields: dict[str, Any]) -> dict[str, Any]:
        cleaned = dict(fields)
        for name, wire in ADDRESSES.items():
            if name in cleaned:
                cleaned[name] = validation.address(cleaned[name], wire)
        return cleaned

    def _check(self, pod: Pod) -> None:
        validation.pod_range(gateway=pod.gateway, netmask=pod.netmask, start_ip=pod.start_ip, end_ip=pod.end_ip)
        validation.check(pod)


def _clusters_in(pod: Any) -> list[str]:
    count = pod.clusters.filter(removed__isnull=True).count()
    return [f"{count} clusters are in it"] if count else []


guards.register_guard(Pod, _clusters_in)
