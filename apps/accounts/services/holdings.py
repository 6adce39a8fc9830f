"""What accounts own that no app has said how to remove, found through the models themselves."""

from collections.abc import Callable, Iterator

from django.apps import apps
from django.db.models import ForeignKey, Model, QuerySet

from apps.accounts.models import Account, Domain


def unregistered_holdings(accounts: QuerySet[Account], known: Callable[[type[Model]], bool]) -> Iterator[str]:
    """``2 virtual machines``, for each kind that is not ``known``."""
    for model in owned_models():
        if known(model):
            continue
        count = model._default_manager.filter(account__in=accounts.values("pk")).count()
        if count:
            yield f"{count} {model._meta.verbose_name if count == 1 else model._meta.verbose_name_plural}"


def owned_models() -> Iterator[type[Model]]:
    """Models of other apps with rows that live and die (``removed``) and belong to an account."""
    for model in apps.get_models():
        if model._meta.app_label == Account._meta.app_label or model._meta.proxy:
            continue
        fields = {candidate.name: candidate for candidate in model._meta.get_fields()}
        if "account" in fields and "removed" in fields and fields["account"].related_model is Account:
            yield model


def pointing_models() -> Iterator[type[Model]]:
    """Models of other apps with a column that points at an account or a domain."""
    for model in apps.get_models():
        if model._meta.app_label != Account._meta.app_label and not model._meta.proxy:
            keys = [field for field in model._meta.concrete_fields if isinstance(field, ForeignKey)]
            if any(field.related_model in (Account, Domain) for field in keys):
                yield model
