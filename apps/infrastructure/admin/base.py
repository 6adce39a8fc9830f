"""What the pages of the infrastructure share: rows are shown here and changed by commands only."""

from collections.abc import Callable
from typing import Any

from django.contrib import admin, messages
from django.db.models import Model, QuerySet
from django.http import HttpRequest

from apps.accounts.selectors import caller_by_user
from cloudstack.api.dispatcher import dispatch
from cloudstack.framework.errors import CloudError


class InfrastructureAdmin(admin.ModelAdmin):
    """Nothing is typed into these pages: forms would pass by the managers."""

    list_per_page = 50

    def get_queryset(self, request: HttpRequest) -> QuerySet:
        return self.model._default_manager.all()

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_operate_permission(self, request: HttpRequest) -> bool:
        """Whether the user gets the actions; each command checks the role again."""
        return request.user.has_perm(f"{self.opts.app_label}.change_{self.opts.model_name}")


def command_action(command: str, description: str, **parameters: str) -> Callable[..., None]:
    """An action that runs ``command`` on each selected row, as the user who asks."""

    @admin.action(description=description, permissions=["operate"])
    def act(page: Any, request: HttpRequest, queryset: QuerySet) -> None:
        caller = caller_by_user(user_id=request.user.pk)
        if caller is None:
            page.message_user(request, "your account may not act", messages.ERROR)
            return
        done = 0
        for row in queryset:
            try:
                dispatch(command, {"id": str(row.uuid), **parameters}, caller, door="admin")
                done += 1
            except CloudError as error:
                page.message_user(request, f"{row}: {error.message}", messages.ERROR)
        if done:
            page.message_user(request, f"{command}: {done} submitted")

    label = "_".join([command, *parameters.values()])
    act.__name__ = label
    return act
