"""Takes in what plugins say of things that accounts own: how they are reached, counted, and go with their owner."""

from dataclasses import dataclass
from functools import cache
from typing import Any

from django.core.exceptions import ImproperlyConfigured
from django.db.models import QuerySet

from apps.accounts.api.responses.figures import add_figures, drop_figures
from apps.accounts.models import OwnedModel
from apps.accounts.models.limit import unregister_type
from apps.accounts.selectors import owned_scope
from apps.accounts.services.limited_resources import LimitedResource
from apps.accounts.services.removal import Remove, Stage, mark_removed, register_remover
from cloudstack.api.entities import Scope, register_entity
from cloudstack.api.roles import Access
from cloudstack.framework.context import Caller
from cloudstack.framework.plugins.manager import pm
from cloudstack.pages.quotas import Quota, drop_quota, register_quota


@dataclass(frozen=True, kw_only=True)
class OwnedKind:
    """A model of things that accounts and projects own.

    Commands may name its objects (``Ref``): root admins reach all of them, domain admins those of their domains,
    others their own and those of their projects. ``remove`` takes one away when its owner is deleted.
    """

    model: type[OwnedModel]
    remove: Remove = mark_removed
    """``remove(row, caller=…)`` removes it in the running transaction or answers the job that does; left out: the row
    is marked removed."""
    stage: Stage = Stage.OTHERS
    """When it goes; what stands on others goes before them."""


def register_plugin_resources() -> None:
    """Take in what plugins return from ``register_resource_limits`` and ``register_owned_models``."""
    pm.take("register_resource_limits", _take_limit, _drop_limit)
    pm.take("register_owned_models", _take_model, lambda kind: None)


def _take_limit(plugin: str, resource: Any) -> None:
    if not isinstance(resource, LimitedResource):
        raise ImproperlyConfigured(f"register_resource_limits: {resource!r} is no LimitedResource")
    resource.register(f"plugins.{plugin}")
    add_figures(resource.kind, resource.name)
    register_quota(Quota(resource.name, resource.name, resource.title))


def _drop_limit(resource: LimitedResource) -> None:
    unregister_type(resource.kind)
    drop_figures(resource.kind)
    drop_quota(resource.name)


@cache
def _scope_of(model: type[OwnedModel]) -> Scope:
    """The one scope of ``model``."""

    def visible_to(*, caller: Caller, access: Access) -> QuerySet[Any]:
        return owned_scope(model.objects.all(), caller=caller, access=access)

    return visible_to


def _take_model(plugin: str, kind: Any) -> None:
    if not (isinstance(kind, OwnedKind) and issubclass(kind.model, OwnedModel)):
        raise ImproperlyConfigured(f"register_owned_models: {kind!r} is no OwnedKind of an OwnedModel")
    register_entity(kind.model, scope=_scope_of(kind.model))
    register_remover(kind.model, stage=kind.stage, remove=kind.remove)
