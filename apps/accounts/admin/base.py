"""Base of the admin pages of all apps: they show, and act only through commands."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import Model, QuerySet
from django.http import HttpRequest

from cloudstack.api import authentication
from cloudstack.api.dispatcher import dispatch
from cloudstack.framework.context import Caller, calling
from cloudstack.framework.errors import CloudError

Action = Callable[[admin.ModelAdmin, HttpRequest, QuerySet[Any]], None]


def admin_caller(request: HttpRequest) -> Caller:
    """The caller behind a request to the admin. Raises ``PermissionDenied`` when he may not act any more."""
    caller = authentication.get().caller_by_user(request.user.pk)
    if caller is None:
        raise PermissionDenied("your user, account or role is not enabled")
    return caller


def command_action(command: str, label: str, *, parameter: str = "id", **fixed: Any) -> Action:
    """An action that calls ``command`` for each chosen object, as the API would.

    ``parameter`` is the wire name that takes the object's UUID; ``fixed`` holds further parameters.
    """

    def act(model_admin: admin.ModelAdmin, request: HttpRequest, queryset: QuerySet[Any]) -> None:
        caller = admin_caller(request)
        with calling(caller):
            for obj in queryset:
                run_command(request, caller, command, {parameter: str(obj.uuid), **fixed}, about=obj)

    act.__name__ = f"{command}_{'_'.join(str(value) for value in fixed.values())}".rstrip("_")
    act.short_description = label  # type: ignore[attr-defined]
    return act


def run_command(
    request: HttpRequest, caller: Caller, command: str, params: Mapping[str, Any], *, about: Model | str
) -> bool:
    """Call a command and show the outcome as a message; True if it was accepted."""
    try:
        result = dispatch(command, params, caller, door="admin")
    except CloudError as error:
        messages.error(request, f"{about}: {error.message}")
        return False
    messages.success(request, f"{about}: job {result.job_uuid} started" if result.job_uuid else f"{about}: done")
    return True


class CloudAdmin(admin.ModelAdmin):
    """Shows a model and offers ``commands`` as actions; no form writes past managers and state machines.

    Removed rows are hidden; ``list_select_related`` is set so that a page costs the same whatever its length.
    """

    commands: ClassVar[Sequence[tuple[Any, ...]]] = ()
    """Entries (command, label) or (command, label, {fixed parameters})."""
    list_per_page = 50
    show_full_result_count = False

    def get_actions(self, request: HttpRequest) -> dict[str, Any]:
        actions: dict[str, Any] = {
            name: entry for name, entry in super().get_actions(request).items() if name != "delete_selected"
        }
        for command, label, *rest in self.commands:
            act = command_action(command, label, **(rest[0] if rest else {}))
            actions[act.__name__] = (act, act.__name__, label)
        return actions

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False
