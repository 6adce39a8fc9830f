"""Who may open the pages that belong to no model."""

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db.models import Model
from django.http import HttpRequest
from django.urls import reverse

from apps.accounts.admin.commands import admin_caller
from cloudstack.api import authentication, registry
from cloudstack.framework.context import Caller


def caller_allowed(request: HttpRequest, command: str) -> Caller:
    """Who is logged in, if his role admits ``command``. Raises ``PermissionDenied``."""
    caller = admin_caller(request)
    if not authentication.is_allowed(caller, registry.get(command)):
        raise PermissionDenied(f"your role does not admit {command}")
    return caller


def unrestricted_caller(request: HttpRequest) -> Caller:
    """Who is logged in, if nothing is kept from him. Raises ``PermissionDenied``."""
    if not request.user.is_superuser:
        raise PermissionDenied("this page is for root admins without restriction")
    return admin_caller(request)


def list_url(request: HttpRequest, model: type[Model]) -> str:
    """Address of the list of a model; empty for who may not look at it."""
    page = admin.site._registry.get(model)
    if page is None or not page.has_view_permission(request):
        return ""
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist")
