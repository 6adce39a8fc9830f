"""What the pages of this app share: looking at rows, and running commands on them."""

from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest

from apps.accounts.selectors import caller_by_user
from cloudstack.api.dispatcher import dispatch
from cloudstack.framework.errors import CloudError, PermissionDenied


class CommandAdmin(admin.ModelAdmin):
    """Rows are looked at here. What changes them goes through the dispatcher like every other door."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_operate_permission(self, request: HttpRequest) -> bool:
        """For ``permissions=["operate"]`` of actions: whoever may change such rows; the command checks again."""
        return request.user.has_perm(f"{self.opts.app_label}.change_{self.opts.model_name}")

    def run(self, request: HttpRequest, rows: QuerySet, command: str, **params: Any) -> None:
        """Call ``command`` with the UUID of each row, and tell how it went."""
        done = 0
        for row in rows:
            try:
                caller = caller_by_user(user_id=request.user.pk)
                if caller is None:
                    raise PermissionDenied("your user or account is not enabled")
                dispatch(command, {"id": str(row.uuid), **params}, caller, door="admin")
                done += 1
            except CloudError as error:
                self.message_user(request, f"{row}: {error.message}", messages.ERROR)
        if done:
            self.message_user(request, f"{command}: {done} submitted", messages.SUCCESS)
