"""Tags: pairs of a key and a value."""

from hashlib import blake2b
from typing import Any

from django.db import models

from apps.metadata.models.base import AttachedModel
from cloudstack.framework.search import BeginsIndex

MAX_KEY = 255
MAX_VALUE = 1024


class ResourceTag(AttachedModel):
    """One tag of one object. An object has each key once, whatever its case.

    ``account`` and ``domain`` are those of the object, repeated so that a list of tags needs no look at objects of
    all kinds; for what belongs to the platform, those of the operator who made the tag.
    """

    part = "tags"

    key = models.CharField(max_length=MAX_KEY)
    folded_key = models.CharField(max_length=MAX_KEY, editable=False)
    """The key in lower case: what is compared."""
    value = models.CharField(max_length=MAX_VALUE)
    pair = models.BigIntegerField(editable=False)
    """A number made of key and value, by which tags with a value are found: values are too long for an index."""
    customer = models.CharField(max_length=255, blank=True, default="")
    """For whom the tag is kept; a word of whoever made it."""
    account = models.ForeignKey("accounts.Account", on_delete=models.PROTECT, related_name="+", db_index=False)
    domain = models.ForeignKey("accounts.Domain", on_delete=models.PROTECT, related_name="+", db_index=False)

    class Meta:
        verbose_name = "tag"
        constraints = [
            models.UniqueConstraint(fields=("kind", "object_id", "folded_key"), name="tag_key_once_per_object"),
        ]
        indexes = [
            models.Index(fields=("kind", "folded_key", "object_id"), name="tag_by_kind_and_key"),
            models.Index(fields=("pair", "kind", "object_id"), name="tag_by_pair"),
            models.Index(fields=("folded_key", "id"), name="tag_by_key"),
            models.Index(fields=("object_uuid",), name="tag_of_object"),
            models.Index(fields=("account", "id"), name="tag_of_account"),
            models.Index(fields=("domain", "id"), name="tag_of_domain"),
            models.Index(fields=("customer",), condition=~models.Q(customer=""), name="tag_of_customer"),
            BeginsIndex(fields=("value", "kind", "object_id"), name="tag_by_value"),
        ]

    def __str__(self) -> str:
        return f"{self.key}={self.value}"


def folded(key: str) -> str:
    """A key as it is compared."""
    return key.lower()


def pair_number(key: str, value: str) -> int:
    """The number for ``ResourceTag.pair``; different pairs may have the same, which the columns then tell apart."""
    digest = blake2b(f"{folded(key)}\0{value}".encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big", signed=True)


def pair_columns(key: str, value: str) -> dict[str, Any]:
    """What is stored of a key and a value."""
    return {"key": key, "folded_key": folded(key), "value": value, "pair": pair_number(key, value)}


def tag_condition(key: str, value: str | None = None) -> models.Q:
    """Tags with this key, and this value unless it is None."""
    if value is None:
        return models.Q(folded_key=folded(key))
    return models.Q(pair=pair_number(key, value), folded_key=folded(key), value=value)
