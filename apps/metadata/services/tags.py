"""Tags are attached and taken off by jobs; what can be refused is refused before there is one."""

from collections.abc import Iterable, Sequence
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import Q

from apps.metadata.kinds import Kind
from apps.metadata.models import ResourceTag
from apps.metadata.models.base import place_of
from apps.metadata.models.tag import MAX_KEY, MAX_VALUE, folded, pair_columns, tag_condition
from cloudstack.framework.context import Caller
from cloudstack.framework.errors import InvalidParameter
from cloudstack.framework.jobs import AsyncJob, dispatch

Pairs = Sequence[tuple[str, str | None]]

MOST_AT_ONCE = 10_000
"""Tags that one call attaches: one transaction writes them."""


class TagManager:
    """Attaches tags to objects that the caller may operate, and takes them off."""

    def create(
        self, *, caller: Caller, kind: Kind, objects: Sequence[Any], pairs: Pairs, customer: str = ""
    ) -> AsyncJob:
        """All tags on all objects. Raises ``InvalidParameter`` when an object has one of the keys already."""
        _check(pairs)
        if len(objects) * len(pairs) > MOST_AT_ONCE:
            raise InvalidParameter(
                f"{len(pairs)} tags for {len(objects)} objects are more than {MOST_AT_ONCE} in one call",
                parameter="resourceids",
            )
        ensure_new(kind, objects, pairs)
        shown = ", ".join(f"{key}={value}" for key, value in pairs)
        return _dispatch(
            "metadata.tags.create", caller, kind, objects, f"tag {_those(kind, objects)} with {shown}",
            pairs=[list(pair) for pair in pairs], customer=customer,
        )  # fmt: skip

    def delete(self, *, caller: Caller, kind: Kind, objects: Sequence[Any], pairs: Pairs = ()) -> AsyncJob:
        """Take off the tags with these keys (and values, where one is given), or all that the objects have.

        Raises ``InvalidParameter`` when there is none such.
        """
        if not tags_meant(kind, objects, pairs).exists():
            asked = ", ".join(key if value is None else f"{key}={value}" for key, value in pairs)
            raise InvalidParameter(
                f"{_those(kind, objects)} carries no tag {asked}".rstrip(), parameter="tags" if pairs else "resourceids"
            )
        return _dispatch(
            "metadata.tags.delete", caller, kind, objects, f"take tags off {_those(kind, objects)}",
            pairs=[list(pair) for pair in pairs],
        )  # fmt: skip

    @transaction.atomic
    def attach_for_job(
        self, *, caller_account: Any, kind: Kind, objects: Sequence[Any], pairs: Pairs, customer: str, again: bool
    ) -> None:
        """Write the tags. ``again``: that all are there may be the work of this very job."""
        if again and tags_meant(kind, objects, pairs).count() == len(objects) * len(pairs):
            return
        ensure_new(kind, objects, pairs)
        rows = []
        for obj in objects:
            owner = kind.owner_of(obj) or caller_account
            hangs = {**place_of(kind.name, obj), "account_id": owner.pk, "domain_id": owner.domain_id}
            rows += [ResourceTag(**hangs, **pair_columns(key, value or ""), customer=customer) for key, value in pairs]
        try:
            with transaction.atomic():
                ResourceTag.objects.bulk_create(rows)
        except IntegrityError:
            raise InvalidParameter("somebody else has just attached one of the tags", parameter="tags") from None

    def detach_for_job(self, *, kind: Kind, objects: Sequence[Any], pairs: Pairs) -> int:
        """Delete the tags that are meant; answers how many there were."""
        return tags_meant(kind, objects, pairs).delete()[0]


def tags_meant(kind: Kind, objects: Iterable[Any], pairs: Pairs) -> Any:
    """Tags of the objects with one of the keys (and its value), or all."""
    tags = ResourceTag.objects.filter(kind=kind.name, object_id__in=[obj.pk for obj in objects])
    if not pairs:
        return tags
    condition = Q()
    for key, value in pairs:
        condition |= tag_condition(key, value)
    return tags.filter(condition)


def ensure_new(kind: Kind, objects: Sequence[Any], pairs: Pairs) -> None:
    """Raises ``InvalidParameter`` naming a key that one of the objects has already."""
    keys = [(key, None) for key, _ in pairs]
    known = tags_meant(kind, objects, keys).order_by("id").first() if keys else None
    if known is not None:
        raise InvalidParameter(
            f"{kind.name} {known.object_uuid} has the tag {known} already: delete it first, a key is there once",
            parameter="tags",
        )


def _check(pairs: Pairs) -> None:
    seen: set[str] = set()
    for key, value in pairs:
        if not key or len(key) > MAX_KEY:
            raise InvalidParameter(f"tags: a key has 1 to {MAX_KEY} characters", parameter="tags")
        if not value or not value.strip() or len(value) > MAX_VALUE:
            raise InvalidParameter(f"tags: the value of {key} must have 1 to {MAX_VALUE} characters", parameter="tags")
        if folded(key) in seen:
            raise InvalidParameter(f"tags: the key {key} is given twice; case does not count", parameter="tags")
        seen.add(folded(key))


def _those(kind: Kind, objects: Sequence[Any]) -> str:
    return f"{kind.name} {objects[0]}" if len(objects) == 1 else f"{len(objects)} objects of kind {kind.name}"


@transaction.atomic
def _dispatch(
    name: str, caller: Caller, kind: Kind, objects: Sequence[Any], description: str, **arguments: Any
) -> AsyncJob:
    return dispatch(
        name,
        caller=caller,
        resource=objects[0] if len(objects) == 1 else None,
        arguments={
            "kind": kind.name,
            "uuids": [str(obj.uuid) for obj in objects],
            "account_id": caller.account_id,
            **arguments,
        },
        description=description,
    )
