"""Details of objects are set and removed by jobs."""

from collections.abc import Mapping, Sequence
from typing import Any

from django.db import transaction

from apps.metadata.kinds import Kind, kind_of
from apps.metadata.models import ResourceDetail
from apps.metadata.models.base import place_of
from apps.metadata.models.detail import MAX_KEY, MAX_VALUE
from apps.metadata.selectors.details import details_of
from cloudstack.framework.context import Caller
from cloudstack.framework.errors import InvalidParameter, PermissionDenied
from cloudstack.framework.jobs import AsyncJob, dispatch

HIDDEN = "what operators keep to themselves"
"""In the titles of jobs: the owner of the object reads them, and its events."""


class DetailManager:
    """Sets details of objects, in their own column where they have one, and removes them."""

    @transaction.atomic
    def add(
        self, *, caller: Caller, kind: Kind, obj: Any, details: Mapping[str, str], displayed: bool = True
    ) -> AsyncJob:
        """Set these details; others stay. Raises ``InvalidParameter`` for keys and values that are none."""
        for key, value in details.items():
            if not key.strip() or len(key) > MAX_KEY:
                raise InvalidParameter(f"details: a key has 1 to {MAX_KEY} characters", parameter="details")
            if not value or len(value) > MAX_VALUE:
                raise InvalidParameter(
                    f"details: the value of {key} must have 1 to {MAX_VALUE} characters", parameter="details"
                )
        return _dispatch(
            "metadata.details.add",
            caller,
            kind,
            obj,
            f"set {', '.join(details) if displayed else HIDDEN} of {kind.name} {obj}",
            details=dict(details),
            displayed=displayed,
        )

    @transaction.atomic
    def remove(self, *, caller: Caller, kind: Kind, obj: Any, key: str = "") -> AsyncJob:
        """Remove one detail, or all. Raises ``InvalidParameter`` when there is none such."""
        found = [detail for detail in details_of(kind, obj, caller=caller) if not key or detail[0] == key]
        if not found:
            raise InvalidParameter(f"{kind.name} {obj} has no detail {key}".rstrip(), parameter="key")
        shown = dict.fromkeys(name if displayed else HIDDEN for name, _, displayed in found)
        return _dispatch(
            "metadata.details.remove",
            caller,
            kind,
            obj,
            f"remove {', '.join(shown)} from {kind.name} {obj}",
            keys=[name for name, *_ in found],
        )

    def set_for_job(self, *, kind: Kind, obj: Any, details: Mapping[str, str], displayed: bool) -> None:
        """Write the details; call it in a transaction."""
        if kind.details_column:
            _change_column(kind, obj, {**details})
        if kind.details_column and displayed:
            ResourceDetail.objects.filter(kind=kind.name, object_id=obj.pk, key__in=list(details)).delete()
            return
        hangs = {**place_of(kind.name, obj), "is_displayed": displayed}
        # Somebody else may be setting the same key: who comes second has the last word.
        ResourceDetail.objects.bulk_create(
            [
                ResourceDetail(**hangs, key=key, value="" if kind.details_column else details[key])
                for key in sorted(details)
            ],
            update_conflicts=True,
            unique_fields=["kind", "object_id", "key"],
            update_fields=["value", "is_displayed"],
        )

    def unset_for_job(self, *, kind: Kind, obj: Any, keys: Sequence[str]) -> None:
        """Remove the details; call it in a transaction."""
        if kind.details_column:
            _change_column(kind, obj, dict.fromkeys(keys))
        ResourceDetail.objects.filter(kind=kind.name, object_id=obj.pk, key__in=keys).delete()


def replaced(obj: Any, details: Mapping[str, str], *, caller: Caller) -> dict[str, str]:
    """What the object's own map becomes when ``caller`` replaces it: what operators keep from him stays.

    Raises ``PermissionDenied`` when he names one of those keys.
    """
    kind = kind_of(obj)
    if kind is None or not kind.details_column or caller.is_root_admin:
        return dict(details)
    rows = ResourceDetail.objects.filter(kind=kind.name, object_id=obj.pk, is_displayed=False)
    hidden = set(rows.values_list("key", flat=True))
    own: Mapping[str, str] = getattr(obj, kind.details_column)
    for key in details:
        if key in hidden:
            raise PermissionDenied(f"details: {key} is for root admins to set", parameter="details")
    return {**details, **{key: value for key, value in own.items() if key in hidden}}


def _change_column(kind: Kind, obj: Any, changes: Mapping[str, str | None]) -> None:
    """Set keys of the object's own map; None removes one. The row is locked: two that change it lose nothing."""
    row = kind.model._base_manager.select_for_update(of=("self",)).get(pk=obj.pk)
    merged = {**getattr(row, kind.details_column), **changes}
    setattr(row, kind.details_column, {key: value for key, value in merged.items() if value is not None})
    row.save(update_fields=[kind.details_column])


def _dispatch(name: str, caller: Caller, kind: Kind, obj: Any, description: str, **arguments: Any) -> AsyncJob:
    return dispatch(
        name,
        caller=caller,
        resource=obj,
        arguments={"kind": kind.name, "uuid": str(obj.uuid), **arguments},
        description=description,
    )
