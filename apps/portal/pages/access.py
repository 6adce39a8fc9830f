"""Who may open the pages that belong to no model."""

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest

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
