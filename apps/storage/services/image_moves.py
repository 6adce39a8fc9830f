"""Images leave an image store for another one, so that a store can be taken away."""

from collections.abc import Sequence

from django.db import transaction

from apps.storage.events import IMAGE_STORE_MIGRATE
from apps.storage.models import ImageStore, Template, TemplateStoreRef
from apps.storage.states import StoreState
from cloudstack.framework.context import Caller
from cloudstack.framework.errors import InvalidParameter
from cloudstack.framework.jobs import AsyncJob, dispatch

MAX_IMAGES = 1000
"""Of one job: it holds a lock for each."""


class ImageMoveManager:
    """What operators do with all that lies in a store."""

    @transaction.atomic
    def migrate(
        self,
        *,
        caller: Caller,
        source: ImageStore,
        targets: Sequence[ImageStore],
        images: Sequence[Template] | None = None,
        parameter: str = "destpool",
    ) -> AsyncJob:
        """Move ``images``, or all that is ready in ``source``, to the stores in turn; machines are not concerned."""
        for target in targets:
            if target.pk == source.pk:
                raise InvalidParameter(f"image store {target} is where the images are", parameter=parameter)
            if target.read_only:
                raise InvalidParameter(f"image store {target} takes nothing new", parameter=parameter)
            if target.zone_id not in (None, source.zone_id):
                raise InvalidParameter(
                    f"image store {target} does not serve what image store {source} serves", parameter=parameter
                )
        here = TemplateStoreRef.objects.filter(store=source, state=StoreState.READY, template__removed__isnull=True)
        uuids = [str(uuid) for uuid in here.order_by("pk").values_list("template__uuid", flat=True)]
        if images is not None:
            absent = [image for image in images if str(image.uuid) not in uuids]
            if absent:
                raise InvalidParameter(f"{absent[0]} is not in image store {source}", parameter="templates")
            uuids = [str(image.uuid) for image in images]
        uuids = uuids[:MAX_IMAGES]
        return dispatch(
            "storage.image_store.migrate",
            caller=caller,
            exclusive=[f"image_store:{source.uuid}"],
            shared=[f"template:{uuid}" for uuid in uuids],
            resource=source,
            arguments={
                "source_uuid": str(source.uuid),
                "target_uuids": [str(target.uuid) for target in targets],
                "template_uuids": uuids,
            },
            description=f"moving {len(uuids)} images out of image store {source.name}",
            event_type=IMAGE_STORE_MIGRATE,
        )
