"""How projects go when their domain is deleted, and whom they keep from going."""

from collections.abc import Iterator

from django.db.models import Exists, OuterRef, Q

from apps.accounts.models import MemberRole, Project, ProjectMember
from apps.accounts.services.projects import ProjectManager
from apps.accounts.services.removal import Owners, Stage, register_objection, register_remover
from cloudstack.framework.context import Caller
from cloudstack.framework.jobs import AsyncJob

SHOWN = 5


def register() -> None:
    """Called once, when the app is ready."""
    register_remover(Project, stage=Stage.PROJECTS, remove=delete_project, where=in_domains)
    register_objection(projects_without_admins)


def in_domains(owners: Owners) -> Q:
    return Q(domain__in=owners.domains.values("pk"))


def delete_project(row: Project, *, caller: Caller) -> AsyncJob:
    """With all that it owns."""
    return ProjectManager().delete(caller=caller, project=row, cleanup=True)


def projects_without_admins(owners: Owners) -> Iterator[str]:
    """A project belongs to all its members: it does not go, and is not left alone, because one account goes."""
    admins = ProjectMember.objects.filter(project=OuterRef("pk"), role=MemberRole.ADMIN)
    going = admins.filter(account__in=owners.accounts.values("pk"))
    staying = admins.exclude(account__in=owners.accounts.values("pk"))
    alone = Project.objects.filter(Exists(going), ~Exists(staying)).exclude(in_domains(owners))
    names = list(alone.order_by("name").values_list("name", flat=True)[:SHOWN])
    if names:
        yield f"nobody else administers the projects {', '.join(names)}: make another admin there or delete them"
