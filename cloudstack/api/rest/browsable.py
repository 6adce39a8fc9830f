"""The browsable API: every route as a page that is usable by hand.

A page shows the answer, and forms for what else can be done at its address. Forms are made from the same
parameters as everything else; a mistake is shown at its field.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

import orjson
from django.core.exceptions import SuspiciousOperation
from django.http.request import RawPostDataException
from django.template import loader
from django.utils.html import escape
from django.utils.safestring import mark_safe
from rest_framework.exceptions import APIException
from rest_framework.renderers import BrowsableAPIRenderer
from rest_framework.request import Request
from rest_framework.response import Response

from cloudstack.api import authentication
from cloudstack.api.options import PLAN, options_of
from cloudstack.api.params import Map, MapList, Secret
from cloudstack.api.rest.filters import PAGING, CommandFilterBackend, filterset_of
from cloudstack.api.rest.forms import WireForm, form_of, hide_from
from cloudstack.api.rest.routes import Route, words
from cloudstack.framework.context import Caller

if TYPE_CHECKING:
    from cloudstack.api.rest.viewsets import ResourceViewSet

TITLES = ("displayname", "cmd", "name", "username", "displaytext", "ipaddress", "description", "type")
"""Fields of an object that say to a person which it is, the best first."""
STATES = ("state", "allocationstate", "status", "jobstatus")
BAD = {"failed", "Error", "Failed", "Down", "Alert", "Disabled", "disabled", "locked"}
GOOD = {"succeeded", "Running", "Ready", "Up", "Enabled", "enabled", "Allocated", "Implemented", "BootFromTemplate"}
JOB_STATES = {0: "pending", 1: "succeeded", 2: "failed"}


@dataclass(frozen=True)
class Deed:
    """A form of the page: one command that can be called at this address."""

    method: str
    command: str
    title: str
    text: str
    url: str
    form: WireForm | None
    plannable: bool
    opened: bool
    """Whether it is unfolded when the page is shown."""

    @property
    def grave(self) -> bool:
        return self.method == "DELETE"


@dataclass(frozen=True)
class Row:
    """An object in the table of a list."""

    title: str
    state: str
    mood: str
    uuid: str
    url: str
    created: str


class FormRenderer(BrowsableAPIRenderer):
    """HTML for people."""

    template = "rest/resource.html"

    def get_context(self, data: Any, accepted_media_type: str | None, renderer_context: Any) -> dict[str, Any]:
        view, request = renderer_context["view"], renderer_context["request"]
        response: Response = renderer_context["response"]
        problem = data if response.status_code >= 400 and isinstance(data, Mapping) else None
        caller: Caller | None = getattr(view, "caller", None)
        body = data if isinstance(data, Mapping) else {}
        context = {
            "view": view,
            "request": request,
            "response": response,
            "user": request.user,
            "caller": caller,
            "problem": problem,
            "content": _shown(data, home=request.build_absolute_uri("/")) if data else "",
            "data": body,
            "json_url": _with_query(request, format="json"),
            "name": getattr(view, "resource", "") or view.get_view_name(),
        }
        if caller is None or not hasattr(view, "routes"):
            return context
        return context | self._of_resource(view, request, body, problem, caller)

    def _of_resource(
        self,
        view: "ResourceViewSet",
        request: Request,
        body: Mapping[str, Any],
        problem: Mapping[str, Any] | None,
        caller: Caller,
    ) -> dict[str, Any]:
        route = view.route or next(
            (view.routes[name] for name in view.action_map.values() if name in view.routes), None
        )
        uuid = str(view.kwargs.get("uuid", ""))
        rows = body.get("results") if problem is None else None
        title = next((str(body[name]) for name in TITLES if body.get(name)), "") if uuid and not problem else ""
        state = _state_of(body) if uuid and problem is None else ""
        return {
            "route": route,
            "uuid": uuid,
            "title": title or uuid,
            "state": state,
            "mood": mood(state),
            # A page of one object is no list, whatever its command is called.
            "description": route.command.documentation() if route and not route.retrieve else "",
            "crumbs": self._crumbs(view, route, uuid, title),
            "rows": [self._row(view, row) for row in rows] if isinstance(rows, list) else None,
            "waits": view.resource == "jobs" and bool(uuid) and body.get("jobstatus") == 0,
            "filters": self._filters(view, request, problem, caller),
            "deeds": list(self._deeds(view, request, body, problem, caller)),
            "actions": self._actions(view, uuid, caller),
        }

    def _filters(
        self, view: "ResourceViewSet", request: Request, problem: Mapping[str, Any] | None, caller: Caller
    ) -> dict[str, Any] | None:
        """The form of django-filter for what is read here."""
        name = view.action_map.get("get")
        route = view.routes.get(name or "")
        if route is None or route.retrieve:
            return None
        kwargs = CommandFilterBackend().get_filterset_kwargs(request, None, view)
        filterset = filterset_of(route.command, route.lookup)(**kwargs | {"queryset": _NoCall(route)})
        form = filterset.form
        form.is_bound = bool(filterset.data) or bool(problem and request.method == "GET")
        for paging in PAGING:
            form.fields.pop(paging, None)
        if not form.fields:
            return None
        form.offer(caller)
        if problem and request.method == "GET":
            _blame(form, problem)
        used = [name for name in form.fields if filterset.data.get(name)]
        narrow = "listall" in form.fields and filterset.data.get("listall", "").lower() != "true"
        return {
            "form": form,
            "used": used,
            "opened": bool(problem) and request.method == "GET",
            "size": filterset.data.get("pagesize"),
            "more_url": _with_query(request, listall="true", page="1") if narrow and caller.is_admin else "",
        }

    def _deeds(
        self,
        view: "ResourceViewSet",
        request: Request,
        body: Mapping[str, Any],
        problem: Mapping[str, Any] | None,
        caller: Caller,
    ) -> Any:
        for method in ("post", "patch", "delete"):
            route = view.routes.get(view.action_map.get(method, ""))
            if route is None or not authentication.is_allowed(caller, route.command):
                continue
            command, form = route.command, None
            # What was refused is mended, and what was planned is done, with what is written already.
            kept = request.method == route.method and (problem is not None or "plan" in body)
            cls = form_of(command, route.lookup)
            if cls.base_fields:
                initial = _initial(cls, body) if method == "patch" else None
                form = cls(_sent(request) if kept else None, initial=initial, auto_id=f"{method}_%s")
                hide_from(form, caller)
                form.offer(caller)
                if kept and problem:
                    _blame(form, problem)
            verb, *noun = words(command.name)
            yield Deed(
                method=route.method,
                command=command.name,
                title=" ".join([verb.capitalize(), *(part if part.isupper() else part.lower() for part in noun)]),
                text=command.documentation(),
                url=request.path,
                form=form,
                plannable=PLAN in options_of(command),
                opened=kept or "get" not in view.action_map,
            )

    def _actions(self, view: "ResourceViewSet", uuid: str, caller: Caller) -> list[tuple[str, str, str]]:
        """Name, address and meaning of what stands below this page."""
        current = set(view.action_map.values())
        found = {}
        for name, route in view.routes.items():
            if not route.action or name in current or bool(uuid) != route.detail:
                continue
            if authentication.is_allowed(caller, route.command):
                kwargs = {"uuid": uuid} if uuid else {}
                url = view.reverse_action(route.action, kwargs=kwargs)
                found[route.action] = (route.action.replace("-", " "), url, route.command.documentation())
        if any(view.routes[name].action for name in current if name in view.routes):
            return []
        return sorted(found.values())

    def _crumbs(self, view: "ResourceViewSet", route: Route | None, uuid: str, title: str) -> list[tuple[str, str]]:
        """Text and address of the pages above, this one last."""
        crumbs = [("API", view.reverse_root())]
        if "list" in view.routes:
            crumbs.append((view.resource, view.reverse_action("list")))
        else:
            crumbs.append((view.resource, ""))
        if uuid:
            crumbs.append(
                (title or uuid, view.reverse_action("detail", kwargs={"uuid": uuid}) if _has_page(view) else "")
            )
        if route is not None and route.action:
            crumbs.append((route.action, ""))
        return crumbs

    def _row(self, view: "ResourceViewSet", row: Mapping[str, Any]) -> Row:
        uuid = str(row.get("id") or row.get("jobid") or "")
        url = view.reverse_action("detail", kwargs={"uuid": uuid}) if uuid and _has_page(view) else ""
        title = next((str(row[name]) for name in TITLES if row.get(name)), "") or uuid or "–"
        state = _state_of(row)
        return Row(title, state, mood(state), uuid, url, str(row.get("created") or ""))

    def render(self, data: Any, accepted_media_type: str | None = None, renderer_context: Any = None) -> Any:
        context = self.get_context(data, accepted_media_type, renderer_context or {})
        response = context["response"]
        text = loader.get_template(self.template).render(context, request=context["request"])
        if response.status_code in (204, 304):
            # Neither may have a body, and a person wants to see that it is done.
            response.status_code = 200
        return text


class _NoCall:
    """Where a FilterSet only shows its form there is nothing to filter."""

    def __init__(self, route: Route):
        self.model = route.command.response.model


def _shown(data: Any, *, home: str) -> str:
    """The answer as JSON in HTML, with its own addresses as links."""
    text = escape(orjson.dumps(data, option=orjson.OPT_INDENT_2, default=str).decode())
    link = re.compile(rf"&quot;({re.escape(escape(home))}[^\s]*?)&quot;")
    return mark_safe(link.sub(r'&quot;<a href="\1">\1</a>&quot;', text))  # noqa: S308


def mood(state: str) -> str:
    return "bad" if state in BAD else "good" if state in GOOD else "off"


def _state_of(body: Mapping[str, Any]) -> str:
    for name in STATES:
        value = body.get(name)
        if value is not None and value != "":
            return JOB_STATES.get(value, str(value)) if name == "jobstatus" else str(value)
    return ""


def _has_page(view: "ResourceViewSet") -> bool:
    return any(route.detail and not route.action for route in view.routes.values())


def _initial(cls: type[WireForm], body: Mapping[str, Any]) -> dict[str, Any]:
    """The object as it is, where a parameter has the name of a field."""
    found: dict[str, Any] = {}
    for name, field in cls.base_fields.items():
        param, value = getattr(field, "param", None), body.get(name)
        if value is None or isinstance(param, Map | MapList | Secret) or isinstance(value, dict | list):
            continue
        found[name] = str(value).lower() if isinstance(value, bool) else value
    return found


def _sent(request: Request) -> Mapping[str, Any]:
    """The body of a request that was refused, as far as it could be read."""
    try:
        data = request.data
    except (APIException, SuspiciousOperation, RawPostDataException):
        return {}
    return data if isinstance(data, Mapping) else {}


def _blame(form: WireForm, problem: Mapping[str, Any]) -> None:
    """Show the problem at the field of its parameter, unless the form has found the same by itself."""
    blamed = str(problem.get("parameter", "")).lower()
    for name in form.fields:
        if name.lower() == blamed and not form.errors.get(name):
            form.add_error(name, str(problem.get("detail", "")))


def _with_query(request: Request, **more: str) -> str:
    query = [(name, value) for name, values in request._request.GET.lists() for value in values if name not in more]
    return f"{request.path}?{urlencode([*query, *more.items()])}"
