"""What the admin does: it calls commands, as every other door, and tells how that ended."""

import uuid
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.html import format_html

from cloudstack.api import authentication, registry
from cloudstack.api.dispatcher import dispatch
from cloudstack.framework.context import Caller, calling
from cloudstack.framework.errors import CloudError
from cloudstack.pages.calls import failure_in, plan_of

MOST_OBJECTS = 200
"""One request carries out no more operations than this."""
SHOWN_MESSAGES = 10
CONFIRMED = "confirmed"
TYPED = "typed"
PLANNED = 10
"""Plans that the question before an operation shows."""
BATCHES = "admin_batches"
MOST_BATCHES = 5
"""Bulk operations whose progress a session can still look at."""
_DANGEROUS = ("delete", "destroy", "expunge", "remove")


class ManagerCall(Protocol):
    """An operation that no command offers: a manager is called. Answers the UUID of the job, if there is one."""

    def __call__(self, *, caller: Caller, obj: Any) -> str: ...


@dataclass(frozen=True)
class Ask:
    """A question before an operation: a wire parameter chosen from a list, or written where there is none.

    ``empty`` words the choice of none; a written answer may be left out when it has words, which stand under it then.
    ``fills`` makes the parameters of the object and the answer, where the answer is not the parameter's value itself.
    """

    parameter: str
    label: str
    choices: Callable[[Caller, Sequence[Any]], list[tuple[str, str]]] | None = None
    empty: str = ""
    fills: Callable[[Any, str], Mapping[str, Any]] | None = None

    def answer(self, obj: Any, value: str) -> Mapping[str, Any]:
        """The parameters that ``value`` stands for."""
        return self.fills(obj, value) if self.fills is not None else {self.parameter: value}


@dataclass(frozen=True, kw_only=True)
class AdminCommand:
    """An operation on objects: ``command`` of the API with ``parameter`` for the object and ``fixed`` for the rest.

    ``params`` makes the parameters that name the object where one UUID of its own does not.
    With ``call`` it is a manager's method instead, and ``command`` is only its key. ``confirm``: ask before.
    ``suits`` says on which objects' pages the button is shown; whether it is possible, the command decides.
    """

    command: str
    label: str
    parameter: str = "id"
    fixed: Mapping[str, Any] = field(default_factory=dict)
    params: Callable[[Any], Mapping[str, Any]] | None = None
    confirm: bool = False
    ask: Ask | None = None
    also: Sequence[Ask] = ()
    """Further questions, each of which may be left unanswered."""
    call: ManagerCall | None = None
    suits: Callable[[Any], bool] | None = None
    tells: Callable[[Any], Iterable[str]] | None = None
    """What the question before it tells of an object: what would go with it."""

    @classmethod
    def of(cls, entry: "AdminCommand | tuple[Any, ...]") -> "AdminCommand":
        """From (command, label, {options}): ``parameter``, ``params``, ``confirm``, ``ask`` and fixed parameters."""
        if isinstance(entry, AdminCommand):
            return entry
        command, label, *rest = entry
        options = dict(rest[0]) if rest else {}
        return cls(
            command=command,
            label=label,
            parameter=options.pop("parameter", "id"),
            params=options.pop("params", None),
            confirm=options.pop("confirm", command.startswith(_DANGEROUS)),
            ask=options.pop("ask", None),
            tells=options.pop("tells", None),
            fixed=options,
        )

    @property
    def key(self) -> str:
        """Name in forms and URLs, unique on a page."""
        return f"{self.command}_{'_'.join(str(value) for value in self.fixed.values())}".rstrip("_")

    @property
    def dangerous(self) -> bool:
        return self.confirm

    def allowed(self, caller: Caller) -> bool:
        """What the caller's role says. Managers' calls are for root admins: who else enters the admin?"""
        if self.call is not None:
            return caller.is_root_admin
        return authentication.is_allowed(caller, registry.get(self.command))

    def applies(self, obj: Any) -> bool:
        return self.suits is None or self.suits(obj)

    @property
    def final(self) -> bool:
        """Whether something is gone afterwards: the name is typed before."""
        return self.confirm and self.command.startswith(_DANGEROUS)

    def planned(self, caller: Caller, obj: Any) -> dict[str, Any]:
        """What it would do, from ``plan=true``; raises what would refuse it. Nothing of managers' calls is known."""
        if self.call is not None:
            return {}
        return plan_of(self.command, self._params(obj), caller, door="admin")

    def refusal(self, caller: Caller, obj: Any) -> str:
        """Why it is not possible now; empty when it is, or when that depends on an answer that is still to be given."""
        if self.ask is not None and not self.ask.empty:
            return ""
        try:
            with calling(caller):
                plan = self.planned(caller, obj)
        except CloudError as error:
            return error.message
        return failure_in(plan)

    def _params(self, obj: Any) -> dict[str, Any]:
        named = self.params(obj) if self.params else {self.parameter: str(obj.uuid)}
        return {**named, **self.fixed}

    def run(self, caller: Caller, obj: Any, answers: Mapping[str, str]) -> str:
        """Do it; answers the UUID of the job or nothing. Raises ``CloudError``."""
        if self.call is not None:
            return self.call(caller=caller, obj=obj)
        filled = {**self._params(obj)}
        for ask in self.questions:
            if answers.get(ask.parameter):
                filled.update(ask.answer(obj, answers[ask.parameter]))
        return dispatch(self.command, filled, caller, door="admin").job_uuid

    @property
    def questions(self) -> list[Ask]:
        """What is asked before it."""
        return [*([self.ask] if self.ask else []), *self.also]


def admin_caller(request: HttpRequest) -> Caller:
    """The caller behind a request to the admin. Raises ``PermissionDenied`` when he may not act any more."""
    caller: Caller | None = getattr(request, "_cloud_caller", None)
    if caller is None:
        caller = authentication.get().caller_by_user(request.user.pk)
        if caller is None:
            raise PermissionDenied("your user, account or role is not enabled")
        request._cloud_caller = caller  # type: ignore[attr-defined]
    return caller


def perform(
    model_admin: admin.ModelAdmin,
    request: HttpRequest,
    command: AdminCommand,
    objects: QuerySet[Any] | Sequence[Any],
) -> HttpResponse | None:
    """Carry out ``command`` for each object and leave messages; answers a page when something is to be asked first."""
    caller = admin_caller(request)
    chosen = list(objects[: MOST_OBJECTS + 1])
    if len(chosen) > MOST_OBJECTS:
        messages.error(request, f"Choose {MOST_OBJECTS} at most: each is an operation of its own.")
        return None
    if command.confirm or command.questions:
        typed = request.POST.get(TYPED, "").strip()
        wrong = command.final and typed != typed_for(chosen)
        if CONFIRMED not in request.POST or wrong:
            error = f'type "{typed_for(chosen)}", not "{typed}"' if CONFIRMED in request.POST else ""
            return _question(model_admin, request, command, caller, chosen, error)
    answers = {ask.parameter: request.POST.get(ask.parameter, "") for ask in command.questions}
    outcomes = []
    with calling(caller):
        for obj in chosen:
            try:
                outcomes.append((str(obj), command.run(caller, obj, answers), ""))
            except CloudError as error:
                outcomes.append((str(obj), "", error.message))
    if len(outcomes) > 1:
        return HttpResponseRedirect(_remember(request, command, outcomes, str(model_admin.opts.verbose_name_plural)))
    _tell(request, command, outcomes)
    return None


def typed_for(objects: Sequence[Any]) -> str:
    """What is typed before something final: the name of the one object, or how many they are."""
    return str(objects[0]).strip() if len(objects) == 1 else str(len(objects))


def _question(
    model_admin: admin.ModelAdmin,
    request: HttpRequest,
    command: AdminCommand,
    caller: Caller,
    objects: Sequence[Any],
    error: str = "",
) -> HttpResponse:
    options = model_admin.opts
    context = {
        **model_admin.admin_site.each_context(request),
        "title": command.label,
        "opts": options,
        "objects": [_about(command, caller, obj, planned=index < PLANNED) for index, obj in enumerate(objects)],
        "not_planned": max(len(objects) - PLANNED, 0),
        "to_type": typed_for(objects) if command.final else "",
        "error": error,
        "noun": options.verbose_name if len(objects) == 1 else options.verbose_name_plural,
        "command": command,
        "questions": [(ask, ask.choices(caller, objects) if ask.choices else None) for ask in command.questions],
        # From a list the form goes back to the list, from an object's page to that button's address.
        "in_list": "_selected_action" in request.POST,
        "back": reverse(f"{model_admin.admin_site.name}:{options.app_label}_{options.model_name}_changelist"),
    }
    return TemplateResponse(request, "admin/cloud_confirm.html", context, status=400 if error else 200)


def _about(command: AdminCommand, caller: Caller, obj: Any, *, planned: bool) -> dict[str, Any]:
    """What the question says of one object: what would go with it, the plan, and why it would be refused."""
    about: dict[str, Any] = {"obj": obj, "tells": list(command.tells(obj)) if command.tells else []}
    if planned and not (command.ask and not command.ask.empty):
        try:
            with calling(caller):
                about["plan"] = command.planned(caller, obj)
        except CloudError as error:
            about["refusal"] = error.message
    return about


def _remember(request: HttpRequest, command: AdminCommand, outcomes: list[tuple[str, str, str]], noun: str) -> str:
    """Keep what became of a bulk operation in the session; answers the address of the page that follows it."""
    kept = request.session.get(BATCHES, {})
    key = uuid.uuid4().hex[:12]
    while len(kept) >= MOST_BATCHES:
        del kept[next(iter(kept))]
    kept[key] = {"title": command.label, "outcomes": outcomes, "back": request.path, "noun": noun}
    request.session[BATCHES] = kept
    return reverse("admin:cloud_batch", args=[key])


def _tell(request: HttpRequest, command: AdminCommand, outcomes: list[tuple[str, str, str]]) -> None:
    """One message for each object, and one for all the rest when there are many."""
    for about, _, refusal in [outcome for outcome in outcomes if outcome[2]][:SHOWN_MESSAGES]:
        messages.error(request, f"{command.label} – {about}: {refusal}")
    for about, job, _ in [outcome for outcome in outcomes if not outcome[2]][:SHOWN_MESSAGES]:
        if job:
            url = reverse("admin:jobs_asyncjob_change", args=[job])
            text = format_html('{} – {}: <a href="{}">job started</a>', command.label, about, url)
            messages.success(request, text)
        else:
            messages.success(request, f"{command.label} – {about}: done")
    refused = sum(bool(refusal) for _, _, refusal in outcomes)
    if len(outcomes) > SHOWN_MESSAGES:
        messages.info(request, f"{len(outcomes) - refused} accepted, {refused} refused in all.")
