"""Who calls, and under which correlation id. Set by the doors, read by services, jobs and logs."""

import contextlib
import uuid
from collections.abc import Iterator
from contextvars import ContextVar
from dataclasses import dataclass, replace
from enum import IntEnum


class RoleType(IntEnum):
    """What kind of caller a role makes; numbers as on CloudStack's wire."""

    ADMIN = 1
    RESOURCE_ADMIN = 2
    DOMAIN_ADMIN = 3
    USER = 4


@dataclass(frozen=True, slots=True)
class Membership:
    """A project that the caller is in."""

    project_id: int
    account_id: int
    """The project's own account, which owns its things."""
    account_uuid: str
    group_id: int
    is_admin: bool
    role_id: int = 0
    """The caller's role in the project; 0 is none."""
    role_version: int = 0


@dataclass(frozen=True, kw_only=True)
class Caller:
    """The user, account, domain and role on whose behalf something is done."""

    user_id: int
    user_uuid: str
    username: str
    account_id: int
    account_uuid: str
    account_name: str
    account_type: int
    domain_id: int
    domain_uuid: str
    domain_path: str
    """Materialised path: ``/`` for ROOT, ``/sales/`` for a child; ends with a slash."""
    role_id: int
    role_type: RoleType
    role_version: int = 0
    group_id: int = 0
    """Group through which objects are shared with the account (object permissions)."""
    is_system: bool = False
    memberships: tuple[Membership, ...] = ()
    """Projects whose things he reaches as if they were his account's."""
    barred: tuple[Membership, ...] = ()
    """Projects that he is in, but whose role does not allow him the present command."""

    @property
    def account_ids(self) -> list[int]:
        """His account and those of his projects."""
        return [self.account_id, *(membership.account_id for membership in self.memberships)]

    @property
    def account_uuids(self) -> list[str]:
        return [self.account_uuid, *(membership.account_uuid for membership in self.memberships)]

    @property
    def group_ids(self) -> list[int]:
        """Groups through which objects are shared with him."""
        return [self.group_id, *(membership.group_id for membership in self.memberships)]

    def without_projects(self) -> "Caller":
        """The same caller outside of all projects."""
        return replace(self, memberships=(), barred=()) if self.memberships or self.barred else self

    def unbarred(self) -> "Caller":
        """The same caller as if no role of a project kept him from anything."""
        return replace(self, memberships=self.memberships + self.barred, barred=())

    @property
    def is_root_admin(self) -> bool:
        return self.role_type == RoleType.ADMIN

    @property
    def is_domain_admin(self) -> bool:
        return self.role_type in (RoleType.DOMAIN_ADMIN, RoleType.RESOURCE_ADMIN)

    @property
    def is_admin(self) -> bool:
        return self.is_root_admin or self.is_domain_admin


_caller: ContextVar[Caller | None] = ContextVar("caller", default=None)
_correlation_id: ContextVar[str] = ContextVar("correlation_id", default="")
_source_address: ContextVar[str] = ContextVar("source_address", default="")


def current_caller() -> Caller | None:
    """For logs and events only: rules take ``caller`` as an argument."""
    return _caller.get()


def correlation_id() -> str:
    return _correlation_id.get()


def source_address() -> str:
    """Where the request came from; empty outside of requests."""
    return _source_address.get()


@contextlib.contextmanager
def coming_from(address: str) -> Iterator[None]:
    """Everything inside happens for a request from ``address``."""
    token = _source_address.set(address)
    try:
        yield
    finally:
        _source_address.reset(token)


@contextlib.contextmanager
def calling(caller: Caller | None, correlation: str = "") -> Iterator[None]:
    """Everything inside happens for ``caller`` under one correlation id."""
    caller_token = _caller.set(caller)
    correlation_token = _correlation_id.set(correlation or uuid.uuid4().hex)
    try:
        yield
    finally:
        _caller.reset(caller_token)
        _correlation_id.reset(correlation_token)


@dataclass(frozen=True)
class CommandInfo:
    """The API command that is being executed, for the jobs that it starts."""

    name: str = ""
    event_type: str = ""
    description: str = ""


_command: ContextVar[CommandInfo] = ContextVar("command", default=CommandInfo())  # noqa: B039 - frozen


def current_command() -> CommandInfo:
    return _command.get()


_door: ContextVar[str] = ContextVar("door", default="")


def current_door() -> str:
    """Through which door the work came: ``api``, ``rest``, ``admin``; empty for what the platform does by itself."""
    return _door.get()


@contextlib.contextmanager
def entering(door: str) -> Iterator[None]:
    """Everything inside came through this door; histories tell it."""
    token = _door.set(door)
    try:
        yield
    finally:
        _door.reset(token)


_job_uuid: ContextVar[str] = ContextVar("job_uuid", default="")


def take_job_uuid() -> str:
    """The UUID that the caller wants for the job of the command; whoever asks first gets it."""
    wanted = _job_uuid.get()
    _job_uuid.set("")
    return wanted


@contextlib.contextmanager
def executing(command: CommandInfo, *, job_uuid: str = "") -> Iterator[None]:
    """Everything inside happens on behalf of this API command; its first job gets ``job_uuid``."""
    token, job_token = _command.set(command), _job_uuid.set(job_uuid)
    try:
        yield
    finally:
        _command.reset(token)
        _job_uuid.reset(job_token)
