"""The rules of a role on one page: what each touches, what a change would open or close, and what the role may do.

Everything that changes goes through the commands of the API; nothing that changes what somebody may do goes unshown.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect, QueryDict
from django.template.response import TemplateResponse
from django.urls import reverse

from apps.accounts.admin.commands import admin_caller
from apps.accounts.models import Permission, Role, RolePermission
from apps.accounts.services.role_effects import Reach, RoleEffects, Verdict, effects_of
from apps.accounts.services.role_guard import refusal_of
from apps.accounts.services.roles import RoleManager
from cloudstack.api import registry
from cloudstack.api.dispatcher import dispatch
from cloudstack.framework.context import Caller, calling
from cloudstack.framework.errors import CloudError

CREATE, UPDATE, DELETE, COPY = "createRolePermission", "updateRolePermission", "deleteRolePermission", "createRole"
Rules = list[tuple[str, Permission]]


@dataclass
class Row:
    """A rule as the table shows it."""

    number: int
    rule: RolePermission
    reach: Reach
    is_open: bool
    is_last: bool
    focus: str
    """Which of its buttons has the focus: ``up``, ``down`` or none."""
    late: list[tuple[str, str]] = field(default_factory=list)
    """Commands that it fits and does not decide, and what decides them."""


@dataclass
class Change:
    """What a form asks for: the rules as they would be, and the calls that make them so."""

    title: str
    after: Rules
    run: Callable[[], None]
    check: Callable[[], None] = lambda: None
    """Raises what would refuse it."""
    rule: RolePermission | None = None
    place: int | None = None
    """Where the rule that it is about would stand."""


def rules_view(page: Any, request: HttpRequest, object_id: str) -> HttpResponse:
    """The page, and what its forms ask for."""
    role = page.get_object(request, object_id) if page.has_view_permission(request) else None
    if role is None:
        raise Http404(f"there is no role {object_id}")
    caller = admin_caller(request)
    if not registry.allowed(caller, "listRolePermissions"):
        raise PermissionDenied("your role does not admit listRolePermissions")
    rules = list(role.permissions.order_by("position", "pk"))
    if request.method == "POST":
        return _asked(page, request, caller, role, rules)
    return _page(page, request, caller, role, rules)


def _asked(page: Any, request: HttpRequest, caller: Caller, role: Role, rules: list[RolePermission]) -> HttpResponse:
    """Do what a form asks for, or show first what it would come to."""
    posted, url = request.POST, _url(role)
    if posted.get("do") == "copy":
        return _copy(page, request, caller, role, rules)
    change = _change(posted, caller, role, rules)
    if change is None:
        messages.error(request, "That rule is not there any more: somebody has changed the rules.")
        return HttpResponseRedirect(url)
    before = effects_of(role, rules)
    after = before.with_rules(change.after)
    difference = before.until(after)
    looked = "confirmed" in posted and posted.get("version") == str(role.version)
    error: CloudError | None = None
    try:
        with calling(caller):
            if looked or (not difference and posted.get("do") != "add"):
                change.run()
                messages.success(request, f"{change.title}: {_in_words(difference)}")
                return HttpResponseRedirect(url + _focus(posted, change))
            change.check()
    except CloudError as failure:
        error = failure
    preview = {
        "change": change,
        "difference": difference,
        "reach": after.reaches[change.place] if change.place is not None and _sound(after) else None,
        "error": error.message if error else refusal_of(caller, role, before, after),
        "stale": "confirmed" in posted and not looked and error is None,
        "posted": {
            name: posted[name] for name in ("do", "rule", "permission", "text", "before", "id") if name in posted
        },
    }
    blamed = error.parameter if error is not None else ""
    return _page(page, request, caller, role, rules, preview=preview, blamed=blamed)


def _sound(effects: RoleEffects) -> bool:
    """Whether its patterns are such that anything can be said of them."""
    return all(rule for rule, _ in effects.rules)


def _change(posted: Mapping[str, str], caller: Caller, role: Role, rules: list[RolePermission]) -> Change | None:
    """What is asked for; None when the rule that it is about is gone."""
    asked, known = posted.get("do", ""), [str(rule.uuid) for rule in rules]
    pairs: Rules = [(rule.rule, Permission(rule.permission)) for rule in rules]
    if asked == "add":
        return _addition(posted, caller, role, rules, pairs)
    if asked not in ("turn", "delete", "up", "down"):
        raise Http404(f"there is nothing to do called {asked!r}")
    if posted.get("id") not in known:
        return None
    place = known.index(posted["id"])
    rule, number = rules[place], place + 1
    if asked == "delete":
        run = _call(caller, DELETE, {"id": str(rule.uuid)})
        return Change(f"Delete rule {number}. {rule}", pairs[:place] + pairs[place + 1 :], *run, rule=rule)
    if asked == "turn":
        other = Permission.DENY if rule.permission == Permission.ALLOW else Permission.ALLOW
        params = {"roleid": str(role.uuid), "ruleid": str(rule.uuid), "permission": str(other)}
        after = [*pairs[:place], (rule.rule, other), *pairs[place + 1 :]]
        return Change(f"Turn rule {number}. {rule} to {other}", after, *_call(caller, UPDATE, params), rule, place)
    target = place + (1 if asked == "down" else -1)
    if not 0 <= target < len(rules):
        return None
    for moved in (known, pairs):
        moved.insert(target, moved.pop(place))  # type: ignore[attr-defined]
    run = _call(caller, UPDATE, {"roleid": str(role.uuid), "ruleorder": ",".join(known)})
    return Change(f"Move rule {number}. {rule} {asked}", pairs, *run, rule, target)


def _addition(
    posted: Mapping[str, str], caller: Caller, role: Role, rules: list[RolePermission], pairs: Rules
) -> Change:
    """A new rule, at the end or before another one: then it is put there in the same transaction."""
    text = posted.get("rule", "").strip()
    word = posted.get("permission", "")
    permission = Permission(word) if word in Permission.values else Permission.DENY
    known = [str(rule.uuid) for rule in rules]
    place = known.index(posted["before"]) if posted.get("before") in known else len(rules)
    params = {"roleid": str(role.uuid), "rule": text, "permission": word, "description": posted.get("text", "")}

    def run() -> None:
        with transaction.atomic():
            added = dispatch(CREATE, params, caller, door="admin").body["rolepermission"]["id"]
            if place < len(rules):
                order = ",".join([*known[:place], added, *known[place:]])
                dispatch(UPDATE, {"roleid": str(role.uuid), "ruleorder": order}, caller, door="admin")

    after = [*pairs[:place], (text, permission), *pairs[place:]]
    _, check = _call(caller, CREATE, params)
    return Change(f"Add {permission} {text}", after, run, check, place=place)


def _call(caller: Caller, command: str, params: Mapping[str, str]) -> tuple[Callable[[], None], Callable[[], None]]:
    """A call of a command, and its rehearsal."""

    def run(**more: str) -> None:
        dispatch(command, {**params, **more}, caller, door="admin")

    return run, lambda: run(plan="true")


def _copy(page: Any, request: HttpRequest, caller: Caller, role: Role, rules: list[RolePermission]) -> HttpResponse:
    """A role of one's own with the same rules."""
    name = request.POST.get("name", "")
    try:
        with calling(caller):
            made = dispatch(COPY, {"name": name, "roleid": str(role.uuid)}, caller, door="admin").body["role"]
    except CloudError as error:
        return _page(page, request, caller, role, rules, copy_error=error.message)
    messages.success(request, f"Role {made['name']} has the rules of {role.name}. No account has it yet.")
    return HttpResponseRedirect(reverse("admin:accounts_role_rules", args=[made["id"]]))


def _page(
    page: Any,
    request: HttpRequest,
    caller: Caller,
    role: Role,
    rules: list[RolePermission],
    *,
    preview: dict[str, Any] | None = None,
    blamed: str = "",
    copy_error: str = "",
) -> HttpResponse:
    effects = effects_of(role, rules)
    fixed = RoleManager().refusal(caller=caller, role=role)
    context = {
        **page.admin_site.each_context(request),
        "title": f"Rules of {role.name}",
        "crumb": {"url": reverse("admin:accounts_role_change", args=[role.pk]), "title": f"Role {role.name}"},
        "role": role,
        "own": role.pk == caller.role_id,
        "fixed": fixed,
        "refusals": {
            name: fixed or ("" if registry.allowed(caller, command) else f"your role does not admit {command}")
            for name, command in (("add", CREATE), ("change", UPDATE), ("delete", DELETE))
        },
        "copy_refusal": "" if registry.allowed(caller, COPY) else f"your role does not admit {COPY}",
        "rows": _rows(request, effects, rules),
        "preview": preview,
        "blamed": blamed,
        "copy_error": copy_error,
        "copy_name": request.POST.get("name", ""),
        "entered": request.POST if preview and preview["posted"].get("do") == "add" else {},
        "total": len(effects.verdicts),
        "may": len(effects.allowed),
        "tested": _tested(request, effects),
    }
    status = 400 if copy_error or (preview and preview["error"]) else 200
    return TemplateResponse(request, "admin/cloud_role_rules.html", context, status=status)


def _rows(request: HttpRequest, effects: RoleEffects, rules: list[RolePermission]) -> list[Row]:
    opened, moved = request.GET.get("show", ""), request.GET.get("moved", "")
    rows = []
    for place, (rule, reach) in enumerate(zip(rules, effects.reaches, strict=True)):
        known = str(rule.uuid)
        focus = request.GET.get("way", "") if known == moved else ""
        row = Row(place + 1, rule, reach, known == opened, place == len(rules) - 1, focus)
        if row.is_open:
            row.late = [(one.command, decided_by(effects, one)) for one in reach.late]
        rows.append(row)
    return rows


def _tested(request: HttpRequest, effects: RoleEffects) -> dict[str, Any] | None:
    """The answer to "what may this role do?": the commands that were searched, with what decides each."""
    if "q" not in request.GET:
        return None
    word, only = request.GET["q"].strip(), request.GET.get("only", "")
    found = [
        (one, decided_by(effects, one))
        for one in effects.verdicts.values()
        if word.lower() in one.command.lower()
        and (only not in ("allowed", "denied") or one.allowed == (only == "allowed"))
    ]
    return {"word": word, "only": only, "found": found}


def decided_by(effects: RoleEffects, verdict: Verdict) -> str:
    """What decides a command, in words."""
    if verdict.rule is not None:
        rule, permission = effects.rules[verdict.rule]
        return f"rule {verdict.rule + 1}. {permission} {rule}"
    return {
        "declaration": "the command's own declaration: no rule fits it",
        "unrestricted": "the role is without restriction",
        "open": "it needs no credentials: roles do not matter",
    }[verdict.reason]


def _in_words(difference: Any) -> str:
    said = []
    for word, names in (("allows", difference.allowed), ("denies", difference.denied)):
        if names:
            said.append(f"newly {word} {_listed(names)}")
    return "done, it " + " and ".join(said) if said else "done, nobody may do more or less than before"


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names[:5]) + (f" and {len(names) - 5} more" if len(names) > 5 else "")


def _url(role: Role) -> str:
    return reverse("admin:accounts_role_rules", args=[role.pk])


def _focus(posted: Mapping[str, str], change: Change) -> str:
    """So that the button that was pressed has the focus again and can be pressed on.

    Without a fragment: where an address has one, browsers leave ``autofocus`` alone.
    """
    if posted.get("do") not in ("up", "down") or change.rule is None:
        return ""
    query = QueryDict(mutable=True)
    query.update({"moved": str(change.rule.uuid), "way": posted["do"]})
    return f"?{query.urlencode()}"
