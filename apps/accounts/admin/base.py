"""Base of the admin pages of all apps: they show, and act only through commands and managers."""

import uuid
from collections.abc import Sequence
from dataclasses import replace
from functools import cache
from typing import Any, ClassVar

from django.contrib.admin.utils import flatten_fieldsets
from django.core.exceptions import ObjectDoesNotExist, ValidationError
from django.db.models import ForeignKey, Model, QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import path, reverse
from django.utils.decorators import method_decorator
from django.utils.text import capfirst
from django.views.decorators.gzip import gzip_page
from django.views.decorators.http import require_POST

from apps.accounts.admin.badges import badge
from apps.accounts.admin.columns import STATE_COLUMNS, column_of
from apps.accounts.admin.commands import AdminCommand, admin_caller, perform
from apps.accounts.admin.panels import (
    Panel,
    charts_of,
    events_panel,
    further_panels,
    jobs_panel,
    list_links,
)
from cloudstack.framework.jobs.models import AsyncJob
from cloudstack.framework.secrets import EncryptedField
from cloudstack.theme.admin import PageBase, TableBase

__all__ = ["AdminCommand", "CloudAdmin", "CloudInline", "Panel", "admin_caller", "badge"]


class ReadOnly:
    """No form writes: adding, changing and deleting is what commands are for."""

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class CloudInline(ReadOnly, TableBase):
    """Rows that belong to the object of the page, to look at. ``joined`` names what their texts need."""

    extra = 0
    can_delete = False
    hide_title = True
    joined: ClassVar[Sequence[str]] = ()

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return (
            super().get_queryset(request).select_related(*self.joined) if self.joined else super().get_queryset(request)
        )


class CloudAdmin(ReadOnly, PageBase):
    """Shows a model and offers ``commands``, in the list as actions and on the page of an object as buttons.

    Removed rows are hidden; ``list_select_related`` is set so that a page costs the same whatever its length.
    States are shown as badges and sizes in words. Pages open by primary key and by UUID.
    """

    commands: ClassVar[Sequence[tuple[Any, ...] | AdminCommand]] = ()
    """Entries (command, label), (command, label, {options}), or ``AdminCommand``; see ``AdminCommand.of``."""
    list_per_page = 50
    show_full_result_count = False
    noun = ""
    """What an object is called on its page, if not by the model's name."""
    plural = ""
    """Title of the list, if not the model's name in the plural."""
    section = ""
    """Title of the part of the navigation where the page stands; empty: where the core has it, or under Plugins."""
    has_job_panels = True
    """Whether an object's page shows the jobs and events about it."""

    # -- what is shown -----------------------------------------------------------------------------

    def get_list_display(self, request: HttpRequest) -> list[Any]:
        return [column_of(self.model, name) for name in super().get_list_display(request)]

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        sets = self.fieldsets or ((None, {"fields": self.declared_fields()}),)
        return [
            (title, {**options, "fields": [column_of(self.model, name) for name in options["fields"]]})
            for title, options in sets
        ]

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Sequence[Any]:
        return flatten_fieldsets(self.get_fieldsets(request, obj))

    def declared_fields(self) -> Sequence[str]:
        """``fields``, or all columns but the internal and the secret ones."""
        if self.fields:
            return self.fields
        hidden = {"removed", *(self.exclude or ())}
        options = self.model._meta
        return [
            field.name
            for field in (*options.concrete_fields, *options.many_to_many)
            if not field.primary_key and field.name not in hidden and not isinstance(field, EncryptedField)
        ]

    def get_object(self, request: HttpRequest, object_id: str, from_field: str | None = None) -> Any:
        """By primary key or UUID, with all that its fields point to in one statement."""
        queryset = self.get_queryset(request).select_related(*_forward(self.model))
        field, value = from_field or self.model._meta.pk.name, object_id
        if "-" in object_id and _has(self.model, "uuid"):
            field = "uuid"
        try:
            return queryset.get(**{field: self.model._meta.get_field(field).to_python(value)})
        except (ObjectDoesNotExist, ValidationError, ValueError):
            return None

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], term: str
    ) -> tuple[QuerySet[Any], bool]:
        """A whole UUID is looked up as such: no scan of the table for what an index knows."""
        known = self.as_uuid(term)
        if known is not None and _has(self.model, "uuid"):
            found = queryset.filter(uuid=known)
            if found.exists():
                return found, False
        return super().get_search_results(request, queryset, term)

    @staticmethod
    def as_uuid(text: str) -> uuid.UUID | None:
        """What somebody searched for, if it is a whole UUID."""
        try:
            return uuid.UUID(text.strip())
        except ValueError:
            return None

    def panels(self, request: HttpRequest, obj: Any) -> list[Panel]:
        """Tables under the fields of an object's page; each costs its own statement and is bounded."""
        further = further_panels(admin_caller(request), obj)
        known = getattr(obj, "uuid", None) if self.has_job_panels else None
        return [*further, jobs_panel(known), events_panel(known)] if known is not None else further

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        if request.method == "POST":
            # Nothing can be changed; a form made by hand is told so.
            return HttpResponseRedirect(request.path)
        return super().change_view(request, object_id, form_url, extra_context)

    @method_decorator(gzip_page)
    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        links = list_links(admin_caller(request), self.opts.label)
        more = {"plural": self.plural, "list_links": links, **(extra_context or {})}
        return super().changelist_view(request, more)

    def render_change_form(self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any) -> Any:
        obj = kwargs.get("obj")
        if obj is not None:
            context["plural"] = self.plural
            context["title"] = capfirst(self.noun or self.opts.verbose_name)
            context["cloud_page"] = {
                **self.bar(request, obj),
                "operations_url": self._url("operations", obj.pk),
                "panels": [self._with_forms(request, obj, panel) for panel in self.panels(request, obj)],
                "charts": charts_of(admin_caller(request), obj, request.GET.get("span")),
            }
        return super().render_change_form(request, context, *args, **kwargs)

    def bar(self, request: HttpRequest, obj: Any, *, ask: bool = False) -> dict[str, Any]:
        """States and operations; with ``ask`` each operation that is not possible now carries its reason."""
        buttons = self.buttons(request, obj)
        if ask:
            caller = admin_caller(request)
            for button in buttons:
                button["refusal"] = button["command"].refusal(caller, obj)
        return {
            "badges": _badges(obj),
            "buttons": buttons,
            "refused": [button for button in buttons if button["refusal"]],
            "links": self.links(request, obj),
        }

    def buttons(self, request: HttpRequest, obj: Any) -> list[dict[str, Any]]:
        """The operations that the page of ``obj`` offers."""
        return [
            {"command": command, "url": self._url("run", obj.pk, command.key), "refusal": ""}
            for command in self.allowed_commands(request)
            if command.applies(obj)
        ]

    def links(self, request: HttpRequest, obj: Any) -> list[dict[str, str]]:
        """Further pages about ``obj``: ``url`` and ``label`` of each."""
        return []

    def _with_forms(self, request: HttpRequest, obj: Any, panel: Panel) -> Panel:
        """The panel with the forms that the role of who looks at it allows."""
        caller = admin_caller(request) if panel.forms else None
        allowed = [form for form in panel.forms if AdminCommand(command=form.command, label="").allowed(caller)]
        panel.forms = [replace(form, url=self._url("form", obj.pk, form.key)) for form in allowed]
        return panel

    # -- what can be done --------------------------------------------------------------------------

    @classmethod
    def all_commands(cls) -> list[AdminCommand]:
        """What is declared, whoever may do it."""
        return [AdminCommand.of(entry) for entry in cls.commands]

    def allowed_commands(self, request: HttpRequest) -> list[AdminCommand]:
        """What the role of who is logged in admits."""
        commands = self.all_commands()
        if not commands or not self.has_view_permission(request):
            return []
        caller = admin_caller(request)
        return [command for command in commands if command.allowed(caller)]

    def get_actions(self, request: HttpRequest) -> dict[str, Any]:
        actions: dict[str, Any] = {
            name: entry for name, entry in super().get_actions(request).items() if name != "delete_selected"
        }
        for command in self.allowed_commands(request):
            actions[command.key] = (_list_action(command), command.key, command.label)
        return actions

    def get_urls(self) -> list[Any]:
        run, form = self.admin_site.admin_view(self.run_view), self.admin_site.admin_view(self.form_view)
        operations = self.admin_site.admin_view(self.operations_view)
        name = f"{self.opts.app_label}_{self.opts.model_name}"
        return [
            path("<path:object_id>/run/<str:key>/", run, name=f"{name}_run"),
            path("<path:object_id>/form/<str:key>/", form, name=f"{name}_form"),
            path("<path:object_id>/operations/", operations, name=f"{name}_operations"),
            *super().get_urls(),
        ]

    def operations_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """The bar of an object's page with what each operation would say now; the page asks for it when it is shown.

        Every operation is rehearsed as ``plan=true`` does it: what refuses it is never told twice. While a job works on
        the object only its state is told, with ``X-Live: 1``, and the page asks again.
        """
        obj = self.get_object(request, object_id) if self.has_view_permission(request) else None
        if obj is None:
            raise Http404(f"there is no {self.opts.verbose_name} {object_id}")
        live = self.has_job_panels and _is_worked_on(obj)
        response = render(request, "admin/cloud_bar.html", {"cloud_page": self.bar(request, obj, ask=not live)})
        response["X-Live"] = "1" if live else "0"
        response["Cache-Control"] = "no-store"
        return response

    @method_decorator(require_POST)
    def run_view(self, request: HttpRequest, object_id: str, key: str) -> HttpResponse:
        """A button on the page of one object."""
        obj = self.get_object(request, object_id)
        chosen = [command for command in self.allowed_commands(request) if command.key == key]
        if obj is None or not chosen:
            raise Http404(f"there is no {self.opts.verbose_name} {object_id}, or no operation {key} on it")
        answer = perform(self, request, chosen[0], [obj])
        if answer is not None:
            return answer
        # An operation may have removed the object from the admin's sight.
        left = self.get_object(request, object_id)
        return HttpResponseRedirect(self._url("change", obj.pk) if left is not None else self._url("changelist"))

    @method_decorator(require_POST)
    def form_view(self, request: HttpRequest, object_id: str, key: str) -> HttpResponse:
        """A form under a panel of one object."""
        obj = self.get_object(request, object_id) if self.has_view_permission(request) else None
        panels = further_panels(admin_caller(request), obj) if obj is not None else []
        chosen = [form for panel in panels for form in panel.forms if form.key == key]
        if not chosen:
            raise Http404(f"there is no {self.opts.verbose_name} {object_id}, or no form {key} on it")
        filled = {name: request.POST.get(name, "") for name, _ in chosen[0].fields}
        params = {**chosen[0].fixed, **{name: value for name, value in filled.items() if value}}
        command = AdminCommand(command=chosen[0].command, label=chosen[0].label, params=lambda obj: params)
        perform(self, request, command, [obj])
        return HttpResponseRedirect(self._url("change", obj.pk))

    def _url(self, view: str, *arguments: Any) -> str:
        name = f"{self.admin_site.name}:{self.opts.app_label}_{self.opts.model_name}_{view}"
        return reverse(name, args=arguments)


def _list_action(command: AdminCommand) -> Any:
    def act(model_admin: CloudAdmin, request: HttpRequest, queryset: QuerySet[Any]) -> HttpResponse | None:
        return perform(model_admin, request, command, queryset)

    act.__name__ = command.key
    act.short_description = command.label  # type: ignore[attr-defined]
    return act


def _badges(obj: Model) -> list[Any]:
    """The states of an object with what they are states of."""
    return [
        {"label": capfirst(str(field.verbose_name)), "badge": badge(getattr(obj, field.name))}
        for field in obj._meta.concrete_fields
        if field.name in STATE_COLUMNS
    ]


def _is_worked_on(obj: Model) -> bool:
    known = getattr(obj, "uuid", None)
    return known is not None and AsyncJob.objects.filter(resource_uuid=known, completed__isnull=True).exists()


def _has(model: type[Model], name: str) -> bool:
    return any(field.name == name for field in model._meta.concrete_fields)


@cache
def _forward(model: type[Model]) -> tuple[str, ...]:
    return tuple(field.name for field in model._meta.concrete_fields if isinstance(field, ForeignKey))
