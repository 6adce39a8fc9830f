"""Image stores: add, change and remove."""

import json
from collections.abc import Mapping
from typing import Any

from django.db import transaction

from apps.infrastructure.models import Zone
from apps.storage.events import IMAGE_STORE_CREATE, IMAGE_STORE_DELETE, IMAGE_STORE_UPDATE
from apps.storage.models import ImageStore, TemplateStoreRef
from apps.storage.states import StoreState
from cloudstack.contracts.errors import DriverError
from cloudstack.contracts.storage import ImageStoreRef
from cloudstack.framework.context import Caller
from cloudstack.framework.drivers import image_store_driver, image_store_providers
from cloudstack.framework.errors import InvalidParameter, ResourceInUse
from cloudstack.framework.events.bus import publish
from cloudstack.framework.jobs import AsyncJob, dispatch
from cloudstack.framework.secrets import Secret

SECRET_WORDS = ("secret", "password", "token", "accesskey", "credential")


class ImageStoreManager:
    """Intent on image stores; operators only."""

    @transaction.atomic
    def add(
        self,
        *,
        caller: Caller,
        provider: str,
        url: str,
        name: str = "",
        zone: Zone | None = None,
        details: Mapping[str, str] | None = None,
    ) -> tuple[ImageStore, AsyncJob]:
        """A store of ``zone`` or of all zones; its job asks for the size. Secret ``details`` are kept encrypted."""
        providers = image_store_providers()
        known = {one.lower(): one for one in providers}.get(provider.lower())
        if known is None:
            raise InvalidParameter(
                f"no plugin gives the image store provider {provider!r}; there are: {', '.join(providers) or 'none'}",
                parameter="provider",
            )
        if not url:
            raise InvalidParameter("give url", parameter="url")
        name = name.strip() or url
        if ImageStore.objects.filter(name=name).exists():
            raise InvalidParameter(f"there is an image store {name!r} already", parameter="name")
        if ImageStore.objects.filter(url=url, provider=known, zone=zone).exists():
            raise InvalidParameter(f"{url} is an image store already", parameter="url")
        plain, secret = _apart(details or {})
        try:
            # Drivers check the form of the address when they are made; they ask nobody before their first verb.
            image_store_driver(ImageStoreRef(uuid="", name=name, provider=known, url=url, details=plain))
        except DriverError as error:
            raise InvalidParameter(str(error), parameter="url") from None
        store = ImageStore.objects.create(
            name=name,
            zone=zone,
            provider=known,
            protocol=url.partition("://")[0],
            url=url,
            details=plain,
            credentials=Secret(json.dumps(secret)) if secret else None,
        )
        job = dispatch(
            "storage.image_store.add",
            caller=caller,
            exclusive=[f"image_store:{store.uuid}"],
            resource=store,
            arguments={"store_uuid": str(store.uuid)},
            description=f"adding image store {store.name}",
            event_type=IMAGE_STORE_CREATE,
        )
        return store, job

    @transaction.atomic
    def update(
        self,
        *,
        caller: Caller,
        store: ImageStore,
        name: str | None = None,
        read_only: bool | None = None,
        capacity_bytes: int | None = None,
    ) -> ImageStore:
        """Rename, close for new images or bound the store; what it holds stays."""
        changes: dict[str, Any] = {}
        if name is not None:
            name = name.strip()
            if not name:
                raise InvalidParameter("name is empty", parameter="name")
            if ImageStore.objects.filter(name=name).exclude(pk=store.pk).exists():
                raise InvalidParameter(f"there is an image store {name!r} already", parameter="name")
            changes["name"] = name
        if read_only is not None:
            changes["read_only"] = read_only
        if capacity_bytes is not None:
            changes.update(capacity_bytes=capacity_bytes, capacity_is_given=True)
        if changes:
            ImageStore.objects.filter(pk=store.pk).update(**changes)
            store.refresh_from_db()
            publish(IMAGE_STORE_UPDATE, caller=caller, description=f"changed image store {store}", resource=store)
        return store

    @transaction.atomic
    def remove(self, *, caller: Caller, store: ImageStore) -> None:
        """Forget the store; what lies in it stays there. Raises ``ResourceInUse`` while templates are in it."""
        held = TemplateStoreRef.objects.filter(
            store=store, template__removed__isnull=True, state__in=(StoreState.READY, StoreState.CREATING)
        ).count()
        if held:
            raise ResourceInUse(f"{held} templates are in image store {store}; delete them first")
        store.mark_removed()
        publish(IMAGE_STORE_DELETE, caller=caller, description=f"removed image store {store}", resource=store)


def _apart(details: Mapping[str, str]) -> tuple[dict[str, str], dict[str, str]]:
    """Details that may be shown, and those that are secret by their name."""
    secret = {key for key in details if any(word in key.lower().replace("_", "") for word in SECRET_WORDS)}
    return (
        {key: value for key, value in details.items() if key not in secret},
        {key: value for key, value in details.items() if key in secret},
    )
