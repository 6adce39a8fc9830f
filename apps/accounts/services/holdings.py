"""What accounts and domains still own, found through the models themselves: a new kind of resource is counted too."""

from collections.abc import Iterator

from django.apps import apps
from django.db.models import Model, Q, QuerySet

from apps.accounts.models import Account, Domain


def held_by(account: Account) -> str:
    """``2 virtual machines, 1 network`` or nothing."""
    return _count("account", Q(account=account))


def held_in_domains(domains: QuerySet[Domain]) -> str:
    """What the domains and their accounts own, as :func:`held_by`."""
    return _count("domain", Q(domain__in=domains.values("pk")))


def _count(field: str, condition: Q) -> str:
    found = ((model, model._default_manager.filter(condition).count()) for model in _owned_models(field))
    return ", ".join(
        f"{count} {model._meta.verbose_name if count == 1 else model._meta.verbose_name_plural}"
        for model, count in found
        if count
    )


def _owned_models(field: str) -> Iterator[type[Model]]:
    """Models of other apps with rows that live and die (``removed``) and belong to an account or domain."""
    target = Account if field == "account" else Domain
    for model in apps.get_models():
        if model._meta.app_label == Account._meta.app_label or model._meta.proxy:
            continue
        fields = {candidate.name: candidate for candidate in model._meta.get_fields()}
        if field in fields and "removed" in fields and fields[field].related_model is target:
            yield model
