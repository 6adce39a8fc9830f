"""Bases of lists of owned things: whose rows are meant by account, domainid, isrecursive and listall."""

from typing import TypeVar

from django.db.models import Model, Q, QuerySet

from apps.accounts.models import Account, Domain
from apps.accounts.selectors import accounts_visible_to, domains_beneath, owned_scope
from apps.accounts.services.ownership import PROJECTS_MISSING
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
    account; with it administrators list all within their reach. ``id`` finds anything within reach.
    """

    abstract = True

    account = Str("account", help="list what this account owns; it is looked for in domainid or else in your domain")
    project = Str("projectid", help="-1 for the things of all your projects")

    def owned(self, queryset: QuerySet[M], *, shareable: bool | str = False) -> QuerySet[M]:
        """The rows meant, of those that the caller may see. ``shareable`` as in ``owned_scope``."""
        if self.project:
            queryset = self._of_projects(queryset)
        reachable = owned_scope(queryset, caller=self.caller, access=Access.USE, shareable=shareable)
        if self.account:
            return reachable.filter(account=self._named_account())
        if not self.caller.is_admin:
            # Whatever domainid says (it can only be the caller's own domain).
            return reachable
        return self.in_domains(reachable, own=Q(account_id=self.caller.account_id))

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

    def _of_projects(self, queryset: QuerySet[M]) -> QuerySet[M]:
        if self.account:
            raise InvalidParameter("Account and projectId can't be specified together", parameter="projectid")
        if self.project != ALL_PROJECTS:
            raise InvalidParameter(PROJECTS_MISSING, parameter="projectid")
        # Nobody is in a project: root admins get project rows only, others (and listall) what is theirs beside.
        return queryset.none() if self.caller.is_root_admin and not self.list_all else queryset


def own_domain(caller: Caller, *, parameter: str) -> Domain:
    """The caller's domain where none is named; raises ``PermissionDenied`` as a ``Ref`` would if he named it."""
    return entity_for(Domain).get(caller=caller, uuid=caller.domain_uuid, access=Access.MODIFY, parameter=parameter)
