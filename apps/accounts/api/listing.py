"""Bases of lists of owned things: whose rows are meant by account, domainid, isrecursive, listall and projectid."""

from dataclasses import replace
from typing import TypeVar

from django.db.models import Model, Q, QuerySet

from apps.accounts.models import Account, Domain, Project
from apps.accounts.selectors import accounts_visible_to, domains_beneath, of_projects, owned_by, owned_scope
from cloudstack.api import Access, BaseListCmd, Flag, Ref, Str, entity_for
from cloudstack.framework.context import Caller
from cloudstack.framework.errors import InvalidParameter

M = TypeVar("M", bound=Model)

ALL_PROJECTS = "-1"


class DomainScopedListCmd(BaseListCmd):
    """A list of things that belong to domains. ``in_domains`` narrows a queryset that is the caller's already."""

    abstract = True

    domain = Ref("domainid", Domain, help="list what belongs to this domain")
    recursive = Flag("isrecursive", default=False, help="with domainid: also what belongs to domains below it")
    list_all = Flag("listall", default=False, help="list all that you may see, not only what is your own")

    def names_rows(self) -> bool:
        """Whether the caller asks for particular objects: then he gets them wherever they are within reach."""
        return self.id_filter is not None or self.ids_filter is not None

    def in_domains(self, queryset: QuerySet[M], *, path: str = "domain", own: Q | None = None) -> QuerySet[M]:
        """Narrow to ``domainid``; without it, listall and id, to ``own`` (the caller's domain if left out).

        ``path`` leads from the row to its domain (``pk`` for domains themselves).
        """
        if self.domain is not None:
            if self.recursive:
                return queryset.filter(**{f"{path}__in": domains_beneath(self.domain.path).values("pk")})
            return queryset.filter(**{path: self.domain.pk})
        if self.list_all or self.names_rows():
            return queryset
        return queryset.filter(own if own is not None else Q(**{path: self.caller.domain_id}))


class AccountScopedListCmd(DomainScopedListCmd):
    """A list of things that accounts own (:class:`apps.accounts.models.OwnedModel`).

    ``queryset`` of a subclass returns ``self.owned(Model.objects.all())``. Without listall everyone lists his own
    account; with it administrators list all within their reach. ``id`` finds anything within reach. What projects own
    is shown to whoever asks for it by ``projectid`` or ``id``, and to nobody else.
    """

    abstract = True

    account = Str("account", help="list what this account owns; it is looked for in domainid or else in your domain")
    project = Ref(
        "projectid",
        Project,
        access=Access.OPERATE,
        select_related=("account",),
        also=(ALL_PROJECTS,),
        help="list what this project owns; -1 for the things of all your projects",
    )

    def owned(self, queryset: QuerySet[M], *, shareable: bool | str = False) -> QuerySet[M]:
        """The rows meant, of those that the caller may see. ``shareable`` as in ``owned_scope``."""
        self.ensure_one_owner()
        if isinstance(self.project, Project):
            # The reference was resolved in the caller's scope.
            return queryset.filter(account_id=self.project.account_id)
        reachable = owned_scope(queryset, caller=self.viewer(), access=Access.USE, shareable=shareable)
        if self.account:
            return reachable.filter(account=self._named_account())
        if self.project is not None:
            return self._of_projects(reachable)
        if not self.caller.is_admin:
            # Whatever domainid says (it can only be the caller's own domain).
            return reachable
        meant = self.in_domains(reachable, own=Q(account_id=self.caller.account_id))
        # What is narrowed to one account needs no look.
        return self.without_projects(meant) if self.list_all or self.domain is not None else meant

    def viewer(self) -> Caller:
        """The caller as whom the rows are meant: with his projects where he asks for them or names rows, in the place
        of the project that he names, else by himself."""
        if isinstance(self.project, Project):
            project = self.project
            return replace(
                self.caller,
                account_id=project.account_id,
                account_uuid=str(project.account.uuid),
                group_id=project.account.group_id,
                memberships=tuple(one for one in self.caller.memberships if one.project_id == project.pk),
            )
        if self.project is not None or self.names_rows():
            return self.caller
        return self.caller.without_projects()

    def without_projects(self, queryset: QuerySet[M]) -> QuerySet[M]:
        """Leave out what projects own, unless it is asked for. Others than admins come here as ``viewer``."""
        if not self.caller.is_admin or self.project is not None or self.names_rows() or self.account:
            return queryset
        return queryset.exclude(of_projects())

    def ensure_one_owner(self) -> None:
        """Raises ``InvalidParameter`` when an account and a project are named together."""
        if self.account and self.project is not None:
            raise InvalidParameter("Account and projectId can't be specified together", parameter="projectid")

    def _named_account(self) -> Account:
        domain_id = self.domain.pk if self.domain is not None else self.caller.domain_id
        account = (
            accounts_visible_to(caller=self.caller, access=Access.USE)
            .filter(name=self.account, domain_id=domain_id)
            .first()
        )
        if account is None:
            where = self.domain.shown_path if self.domain is not None else "your domain"
            raise InvalidParameter(f"could not find account {self.account} in domain {where}", parameter="account")
        return account

    def _of_projects(self, reachable: QuerySet[M]) -> QuerySet[M]:
        """``projectid=-1``: all projects for root admins, his own for anybody else; listall adds what is no project's.

        Whoever is in no project gets what is his.
        """
        if self.list_all:
            return reachable
        if self.caller.is_root_admin:
            return reachable.filter(of_projects())
        projects = [membership.account_id for membership in self.caller.memberships]
        return reachable.filter(account_id__in=projects) if projects else reachable.filter(owned_by(self.caller))


def own_domain(caller: Caller, *, parameter: str) -> Domain:
    """The caller's domain where none is named; raises ``PermissionDenied`` as a ``Ref`` would if he named it."""
    return entity_for(Domain).get(caller=caller, uuid=caller.domain_uuid, access=Access.MODIFY, parameter=parameter)
