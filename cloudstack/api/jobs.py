"""What callers read of jobs, ``queryAsyncJobResult`` and ``listAsyncJobs``, and how they stop one.

A job stores ids. Its result is rendered when it is read, by the response of the command that started it, and
shows what the reader may see.
"""

from collections import defaultdict
from collections.abc import Collection
from typing import Any
from uuid import UUID

from django.contrib.auth import get_user_model
from django.db.models import Q, QuerySet

from cloudstack.api import registry
from cloudstack.api.base import BaseAsyncCmd, BaseCmd, Rest
from cloudstack.api.dispatcher import success
from cloudstack.api.entities import entity_for, is_entity, register_entity
from cloudstack.api.fields import DATE, INT, MAP, Field, Loaded, among
from cloudstack.api.listing import BaseListCmd
from cloudstack.api.params import Date, Flag, Ref, Str, Uuid
from cloudstack.api.responses import Response, SuccessResponse
from cloudstack.api.roles import Access
from cloudstack.framework.context import Caller, RoleType
from cloudstack.framework.errors import InternalError
from cloudstack.framework.jobs.control import JOB_CANCEL, JobManager
from cloudstack.framework.jobs.models import AsyncJob

Status = AsyncJob.Status
# Clients know 0, 1 and 2; one that meets another number asks for ever.
_WIRE_STATUS = {Status.PENDING: 0, Status.RUNNING: 0, Status.SUCCEEDED: 1, Status.FAILED: 2, Status.CANCELLED: 2}


def jobs_visible_to(*, caller: Caller, access: Access = Access.USE) -> "QuerySet[AsyncJob]":
    """Root admins see all jobs, domain admins those that others than root admins started in their subtree, users those
    of their account and projects. Of these, users may stop what no administrator of another account has started."""
    jobs = AsyncJob.objects.all()
    if caller.is_root_admin:
        return jobs
    if caller.is_domain_admin:
        beneath = jobs.filter(user__account__domain__path__startswith=caller.domain_path)
        return beneath.exclude(user__account__role__type=RoleType.ADMIN)
    seen = jobs.filter(account_uuid__in=caller.account_uuids)
    if access == Access.USE:
        return seen
    return seen.filter(Q(user__account=caller.account_id) | Q(user__account__role__type=RoleType.USER))


register_entity(AsyncJob, scope=jobs_visible_to, noun="job")


def result_code(row: Any) -> int:
    """0, or why the job failed."""
    if _WIRE_STATUS[row["status"]] != 2:
        return 0
    return row["error_code"] or InternalError.code


def load_results(keys: list[int], caller: Caller) -> dict[int, dict[str, Any]]:
    """Result of each finished job as ``caller`` may see it; each kind of resource is read once."""
    results: dict[int, dict[str, Any]] = {}
    waiting: dict[type[BaseCmd], list[AsyncJob]] = defaultdict(list)
    jobs_read = AsyncJob.objects.filter(among(AsyncJob.objects.all(), "pk", keys))
    for job in jobs_read.exclude(status__in=AsyncJob.LIVE).defer("data", "arguments"):
        if job.status != Status.SUCCEEDED:
            results[job.pk] = {
                "errorcode": job.error_code or InternalError.code,
                "errortext": job.error_text or ("cancelled" if job.status == Status.CANCELLED else "failed"),
            }
            continue
        command = registry.find(job.command)
        if command is None or command.response.model is None or job.resource_uuid is None:
            results[job.pk] = _own_result(command, job, caller) or job.result or success()
        else:
            waiting[command].append(job)
    wanted: dict[type[Response], set[_Of]] = defaultdict(set)
    for command, jobs in waiting.items():
        wanted[command.response].update(map(_about, jobs))
    resources = {response: _resources(response, about, caller) for response, about in wanted.items()}
    for command, jobs in waiting.items():
        shown = resources[command.response]
        more = command.job_extras(jobs, caller=caller) if issubclass(command, BaseAsyncCmd) else {}
        for job in jobs:
            body = shown.get(_about(job))
            extra = {name: value for name, value in (job.result or {}).items() if name != "success"}
            extra.update(more.get(job.pk, {}))
            visible = success() if body is None else {command.object_name: {**body, **extra}}
            results[job.pk] = _own_result(command, job, caller) or visible
    return results


def _own_result(command: type[BaseCmd] | None, job: AsyncJob, caller: Caller) -> dict[str, Any] | None:
    if command is not None and issubclass(command, BaseAsyncCmd):
        return command.job_result(job, caller=caller)
    return None


_Of = tuple[str, str]
"""UUID of a resource, and of the account that a job on it belongs to."""


def _about(job: AsyncJob) -> _Of:
    return str(job.resource_uuid), str(job.account_uuid)


def _resources(response: type[Response], about: Collection[_Of], caller: Caller) -> dict[_Of, dict[str, Any]]:
    """Rendered resources: those in the reader's scope, and removed ones, which no scope holds any more.

    Whoever may see a job may see what became of the object that it removed, while it is still that account's.
    """
    model = response.model
    if model is None or issubclass(response, SuccessResponse) or not is_entity(model):
        return {}
    uuids = {UUID(uuid) for uuid, _ in about}
    seen = entity_for(model).scope(caller=caller, access=Access.USE)
    rows = response.render_with(seen.filter(among(seen, "uuid", uuids)), ("uuid",), caller=caller)
    visible = {str(uuid): body for (uuid,), body in rows}
    shown = {one: visible[one[0]] for one in about if one[0] in visible}
    names = {field.name for field in model._meta.get_fields()}
    missing = [uuid for uuid in uuids if str(uuid) not in visible]
    if missing and "removed" in names:
        gone = model._base_manager.filter(uuid__in=missing, removed__isnull=False)
        owner = ("account__uuid",) if "account" in names else ()
        for (uuid, *owners), body in response.render_with(gone, ("uuid", *owner), caller=caller):
            # It may have been given to somebody else since the job.
            everyone = caller.is_root_admin or not owners
            for one in about:
                if one[0] == str(uuid) and (everyone or one[1] == str(owners[0])):
                    shown[one] = body
    return shown


class AsyncJobResponse(Response):
    """A job as its starter sees it."""

    object_name = "asyncjobs"
    model = AsyncJob

    jobid = Field("uuid", help="UUID of the job")
    accountid = Field("account_uuid", help="UUID of the account whose object the job works on")
    account = Field("user__account__name", help="name of the account that started the job")
    domainid = Field("user__account__domain__uuid", help="UUID of that account's domain")
    domainpath = Field(
        compute=lambda row: (
            ("ROOT" + row["user__account__domain__path"]).rstrip("/") if row["user__account__domain__path"] else None
        ),
        needs=("user__account__domain__path",),
        help="path of that domain",
    )
    userid = Field("user__uuid", help="UUID of the user who started the job")
    cmd = Field("command", help="the command that the job carries out")
    jobstatus = Field(
        type=INT,
        compute=lambda row: _WIRE_STATUS[row["status"]],
        needs=("status",),
        help="0 going on, 1 done, 2 failed or cancelled",
    )
    jobprocstatus = Field("progress", type=INT, help="how much is done, in per cent")
    jobresultcode = Field(
        type=INT, compute=result_code, needs=("status", "error_code"), help="0, or the code of the error"
    )
    jobresulttype = Field(
        compute=lambda row: None if row["status"] in AsyncJob.LIVE else "object",
        needs=("status",),
        help="kind of the result",
    )
    jobresult = Loaded(load_results, type=MAP, help="the object, success, or the error")
    jobinstancetype = Field(
        compute=lambda row: row["resource_type"] or None, needs=("resource_type",), help="kind of the object"
    )
    jobinstanceid = Field("resource_uuid", help="UUID of the object")
    created = Field(type=DATE, help="when the job was started")
    completed = Field(type=DATE, help="when the job ended")


class QueryAsyncJobResult(BaseCmd):
    """Tells how far a job is and, once it has ended, its result."""

    response = AsyncJobResponse
    bare = True
    rest = Rest("jobs", method="GET", detail=True, lookup="jobid")

    job = Ref("jobid", AsyncJob, required=True, help="UUID of the job")
    resource_id = Str("resourceid", help="taken for compatibility; the job is found by jobid")
    resource_type = Str("resourcetype", help="taken for compatibility; the job is found by jobid")

    def execute(self) -> Any:
        return self.job


class CancelAsyncJob(BaseCmd):
    """Asks a job that is going on to stop at the end of its present step and to undo what it did.

    Users stop jobs on what is theirs or their projects', but for those that an administrator started. The answer is
    the job as it is then; ask for it until it has ended.
    """

    response = AsyncJobResponse
    event_type = JOB_CANCEL
    bare = True
    rest = Rest("jobs", action="cancel", lookup="jobid")

    job = Ref("jobid", AsyncJob, access=Access.OPERATE, required=True, help="UUID of the job")

    def execute(self) -> Any:
        return JobManager().cancel(caller=self.caller, job=self.job)


class ListAsyncJobs(BaseListCmd):
    """Lists jobs, the newest first: those of the caller's account, or with listall all within reach."""

    response = AsyncJobResponse
    rest = Rest("jobs", method="GET")
    keyword_fields = ("command", "description")
    ordering = ("-id",)
    id_filter = None  # type: ignore[assignment]  # takes the inherited parameter away
    ids_filter = None  # type: ignore[assignment]

    start_date = Date("startdate", lookup="created__gte", help="only jobs started at or after this date")
    listall = Flag("listall", default=False, help="all jobs within the caller's reach, not only those of the account")
    account = Str("account", help="only jobs started by this account, of the caller's domain unless domainid is given")
    domain_id = Uuid("domainid", help="only jobs started in this domain")
    recursive = Flag("isrecursive", default=False, help="with domainid: also jobs started in the domains below it")
    resource_id = Uuid("resourceid", lookup="resource_uuid", help="only jobs on the object with this UUID")
    resource_type = Str("resourcetype", lookup="resource_type__iexact", help="only jobs on objects of this kind")

    def queryset(self) -> "QuerySet[AsyncJob]":
        jobs = jobs_visible_to(caller=self.caller)
        if self.domain_id and self.recursive and not self.account:
            # The user model leads to domains: see cloudstack.api.authentication.
            account: Any = get_user_model()._meta.get_field("account").related_model
            domains: Any = account._meta.get_field("domain").related_model
            path = domains.objects.filter(uuid=self.domain_id).values_list("path", flat=True).first()
            return jobs.filter(user__account__domain__path__startswith=path) if path else jobs.none()
        if self.account or self.domain_id:
            jobs = jobs.filter(user__account__domain__uuid=self.domain_id or self.caller.domain_uuid)
            return jobs.filter(user__account__name=self.account) if self.account else jobs
        return jobs if self.listall else jobs.filter(account_uuid=self.caller.account_uuid)
