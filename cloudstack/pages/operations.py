"""Doing something: a form, what would happen, a question before what is final, and what became of it."""

from collections.abc import Mapping
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext as _

from cloudstack.api import registry as commands
from cloudstack.api.dispatcher import Result
from cloudstack.framework.errors import CloudError
from cloudstack.pages.access import page
from cloudstack.pages.calls import call, in_project, keyed, lacks, one, plan_of
from cloudstack.pages.forms import KEY, TYPED, OperationForm
from cloudstack.pages.frame import render, url_of
from cloudstack.pages.objects import panel_rows
from cloudstack.pages.quotas import in_words
from cloudstack.pages.sections import OF, Operation, Section

GO = "go"
"""Name of the buttons: ``plan`` only shows what would happen, ``offer`` shows the form with what goes with what is
chosen so far, anything else does it."""


@page
def create_page(request: HttpRequest, section: Section, key: str) -> HttpResponse:
    """The form that makes a new object of a section."""
    operation = _chosen(request, section.creates, key, {})
    return _ask(request, section, operation, {}, back=url_of(section), title=str(operation.label))


@page
def do_page(request: HttpRequest, section: Section, uuid: str, key: str) -> HttpResponse:
    """An operation on one object: its form or its question on GET, the deed on POST."""
    row = one(request, section.lists, section.one(uuid))
    offered = [*section.operations, *(added for panel in section.panels for added in panel.adds)]
    operation = _chosen(request, offered, key, row)
    back = _object_url(section, row)
    if request.method != "POST" and not operation.asks:
        return HttpResponseRedirect(back)
    return _ask(request, section, operation, row, back=back, title=f"{operation.label}: {section.title_of(row)}")


@page
def row_page(request: HttpRequest, section: Section, uuid: str, key: str, row_id: str) -> HttpResponse:
    """An operation on a row of one of the object's panels."""
    owner = one(request, section.lists, section.one(uuid))
    for panel in section.panels:
        if not any(known.key == key for known in panel.operations):
            continue
        found = [row for row in panel_rows(request, panel, owner)[0] if str(row.get("id", "")) == row_id]
        if found:
            row = {**found[0], OF: owner}
            operation = _chosen(request, panel.operations, key, row)
            title = f"{operation.label}: {found[0].get('name') or found[0].get('ipaddress') or row_id}"
            return _ask(request, section, operation, row, back=_object_url(section, owner), title=title)
    raise Http404("there is no such row, or no such operation on it")


def _chosen(request: HttpRequest, offered: Any, key: str, row: Mapping[str, Any]) -> Operation:
    operation: Operation | None = next((known for known in offered if known.key == key), None)
    if operation is None:
        raise Http404(f"there is no operation {key}")
    if not commands.allowed(request.caller, operation.command):  # type: ignore[attr-defined]
        raise PermissionDenied
    return operation


def _object_url(section: Section, row: Mapping[str, Any]) -> str:
    if not section.has_page:
        return url_of(section)
    return reverse(f"portal:{section.slug}-object", args=[row[section.lookup]])


def _ask(
    request: HttpRequest, section: Section, operation: Operation, row: Mapping[str, Any], *, back: str, title: str
) -> HttpResponse:
    offers = request.POST.get(GO) == "offer"
    posted = request.POST if request.method == "POST" else None
    form = OperationForm(operation, request, row, None if offers else posted, draft=posted if offers else None)
    context: dict[str, Any] = {
        "section": section,
        "operation": operation,
        "form": form,
        "row": row,
        "title": title,
        "back": back,
        "back_title": section.title_of(row.get(OF) or row) if row else "",
        "to_type": section.title_of(row) if operation.types_name and row else "",
    }
    status = 200
    if offers:
        context["offers"] = True
    elif request.method == "POST":
        answer = _posted(request, section, operation, row, form, context)
        if answer is not None:
            return answer
        status = 422 if form.errors or context.get("typed_error") else 200
    elif operation.is_dangerous and not lacks(operation, operation.named(row)):
        _plan(request, operation, operation.named(row), form, context)
    context |= section.form_context(request, operation, context)
    return render(request, operation.template or "portal/operation.html", context, status=status)


def _posted(
    request: HttpRequest,
    section: Section,
    operation: Operation,
    row: Mapping[str, Any],
    form: OperationForm,
    context: dict[str, Any],
) -> HttpResponse | None:
    """Do it, or only plan it; None when the page is to be shown again."""
    if not form.is_valid():
        return None
    params = {**operation.named(row), **form.params()}
    if request.POST.get(GO) == "plan":
        _plan(request, operation, params, form, context)
        return None
    if operation.is_dangerous and request.POST.get("confirmed") != "1":
        # The bare button of a page that asks nothing first: the question comes now.
        _plan(request, operation, params, form, context)
        return None
    if context["to_type"] and request.POST.get(TYPED, "").strip() != context["to_type"]:
        context["typed_error"] = _("Type the name exactly as it stands there.")
        _plan(request, operation, params, form, context)
        return None
    try:
        result = call(request, operation.command, keyed(operation.command, params, form.key))
    except CloudError as error:
        if not operation.asks:
            messages.error(request, f"{operation.label}: {error.message}")
            return HttpResponseRedirect(context["back"])
        form.blame(error)
        return None
    if operation.shows_once or operation.answer_template:
        return _answered(request, operation, result, context)
    _tell(request, operation, result, str(context["title"]))
    return HttpResponseRedirect(after(request, section, operation, row, result, context["back"]))


def _plan(
    request: HttpRequest, operation: Operation, params: Mapping[str, Any], form: OperationForm, context: dict[str, Any]
) -> None:
    """Add what would happen to the page."""
    try:
        planned = {**in_project(request, operation.command), **params}
        context["plan"] = plan_of(operation.command, planned, request.caller)  # type: ignore[attr-defined]
        context["planned"] = True
        context["counters"] = in_words(context["plan"])
    except CloudError as error:
        if form.is_bound and operation.inputs:
            form.blame(error)
        else:
            context["refusal"] = error.message


def _tell(request: HttpRequest, operation: Operation, result: Result, title: str) -> None:
    what = str(operation.done or title)
    if not result.job_uuid:
        messages.success(request, what if operation.done else _("%(what)s: done") % {"what": what})
        return
    url = reverse("portal:job", args=[result.job_uuid])
    messages.success(request, format_html('{}: <a href="{}">{}</a>', what, url, _("started, follow the job")))


def after(
    request: HttpRequest, section: Section, operation: Operation, row: Mapping[str, Any], result: Result, back: str
) -> str:
    """Where to go when it is done: to what was made, or to the object if it is still there."""
    if operation.follows and result.job_uuid:
        return reverse("portal:job", args=[result.job_uuid])
    if not row and section.has_page and (made := _made(section, result)):
        return reverse(f"portal:{section.slug}-object", args=[made])
    if row and not result.job_uuid and operation.is_dangerous:
        return url_of(section) if back.startswith(url_of(section)) and not _still_there(request, section, row) else back
    return back


def _made(section: Section, result: Result) -> str:
    if result.body.get("id"):
        return str(result.body["id"])
    inner = next((one for one in result.body.values() if isinstance(one, Mapping)), {})
    if result.rows:
        inner = result.rows[0]
    return str(inner.get(section.lookup, ""))


def _still_there(request: HttpRequest, section: Section, row: Mapping[str, Any]) -> bool:
    try:
        one(request, section.lists, section.one(str((row.get(OF) or row)[section.lookup])))
    except Http404:
        return False
    return True


def _answered(request: HttpRequest, operation: Operation, result: Result, context: dict[str, Any]) -> HttpResponse:
    """The answer itself is the page, which no cache keeps: what is told this once, or how to go on."""
    answer = dict(next((one for one in result.body.values() if isinstance(one, Mapping)), result.body))
    more = operation.answer_context(answer) if operation.answer_context else {}
    template = operation.answer_template or "portal/once.html"
    once = [(label, answer.get(wire, "")) for wire, label in operation.once.items()] or list(answer.items())
    response = render(request, template, {**context, "answer": answer, "once": once, **more})
    response["Cache-Control"] = "no-store"
    return response


__all__ = ["GO", "KEY", "create_page", "do_page", "row_page"]
