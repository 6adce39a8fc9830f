"""Volumes whose data their owner brings: an image that nobody sees carries it to the first pool that needs it."""

from typing import Any

from apps.storage.events import VOLUME_UPLOAD
from apps.storage.models import Template, Volume
from apps.storage.services.state_machines import VOLUME_FSM
from cloudstack.framework.context import Caller
from cloudstack.framework.jobs import AsyncJob, dispatch


def follow(image: Template, event: str, **changes: Any) -> Volume:
    """The volume goes the way of its image."""
    volume = Volume.objects.select_related("account").get(source_image=image)
    VOLUME_FSM.fire(volume, event, **changes)
    return volume


def bring_volume(caller: Caller | None, volume: Volume, source: str) -> AsyncJob:
    """The job that brings and checks the file; ``source`` is ``url`` or ``upload``."""
    image = volume.source_image
    assert image is not None  # noqa: S101 - said by whoever makes such volumes
    return dispatch(
        "storage.volume.upload",
        caller=caller,
        exclusive=[f"volume:{volume.uuid}", f"template:{image.uuid}"],
        resource=volume,
        arguments={"volume_uuid": str(volume.uuid), "template_uuid": str(image.uuid), "source": source},
        description=f"bringing the data of volume {volume.name}",
        event_type=VOLUME_UPLOAD,
    )
