"""Commands on limits and counts."""

from typing import Any

from apps.accounts import events
from apps.accounts.api.responses.limit import ResourceCountResponse, ResourceLimitResponse, owner_of
from apps.accounts.models import Account, Domain, Project
from apps.accounts.models.limit import UNLIMITED, Kind, all_types, type_of
from apps.accounts.selectors import accounts_visible_to, domains_visible_to
from apps.accounts.selectors.limits import counts
from apps.accounts.services.limit_rules import Counted, all_counted
from apps.accounts.services.limits import LimitManager
from apps.accounts.services.limits_shown import LimitsShown
from apps.accounts.services.recounts import RecountManager
from cloudstack.api import ADMINS, Access, BadValue, BaseCmd, BaseListCmd, Flag, Int, Long, Ref, Str
from cloudstack.framework.errors import InvalidParameter


def _is_type(number: int) -> None:
    if number not in all_types():
        raise BadValue(f"one of {', '.join(f'{int(kind)} ({kind.label})' for kind in all_types())} is expected")


class _OfOwner(BaseCmd):
    """``account`` (of ``domainid`` or of your domain) or a whole domain."""

    abstract = True

    account_name = Str("account", help="name of the account; without it the domain itself is meant")
    domain = Ref("domainid", Domain, help="the domain, or that of the account; yours if left out")
    project = Ref(
        "projectid",
        Project,
        access=Access.OPERATE,
        select_related=("account__domain", "account__role"),
        help="the project, instead of an account",
    )

    def owner(self, *, access: Access = Access.USE) -> Account | Domain:
        """Raises ``InvalidParameter`` when there is no such account within reach."""
        if self.project is not None:
            if self.account_name:
                raise InvalidParameter("Account and projectId can't be specified together", parameter="projectid")
            return self.project.account
        accounts = accounts_visible_to(caller=self.caller, access=access).select_related("domain", "role")
        if not self.account_name:
            return self.domain if self.domain is not None else accounts.get(pk=self.caller.account_id)
        domain_id = self.domain.pk if self.domain is not None else self.caller.domain_id
        account = accounts.filter(name=self.account_name, domain_id=domain_id).first()
        if account is None:
            raise InvalidParameter(f"Unable to find account {self.account_name} in that domain", parameter="account")
        return account


class ListResourceLimits(_OfOwner, BaseListCmd):
    """Lists the limits of an account or a domain: yours if none is named."""

    response = ResourceLimitResponse
    id_filter = None
    ids_filter = None

    kind = Int("resourcetype", validate=_is_type, help="number of the kind of resource")
    kind_name = Str("resourcetypename", help="name of the kind of resource, as in user_vm")
    tag = Str("tag", help="list the limits of what carries this host or storage tag")
    recursive = Flag("isrecursive", default=False, help="with domainid alone: also the limits of the domains below it")
    list_all = Flag("listall", help="has no effect: limits are those of one owner, or of a domain and those below")
    keyword = Str("keyword", help="list the kinds whose name has this in it")

    def queryset(self) -> list[dict[str, Any]]:
        owner = self.owner()
        counted = [what for what in all_counted(self._kinds()) if not self.tag or what.tag == self.tag]
        if self.keyword:
            counted = [what for what in counted if self.keyword.lower() in what.kind.label]
        owners = [owner]
        if self.recursive and isinstance(owner, Domain):
            owners = list(domains_visible_to(caller=self.caller).filter(path__startswith=owner.path).order_by("path"))
        limits = LimitsShown(owners, caller=self.caller)
        return [{**owner_of(owner, what), "max": limits.of(owner, what)} for owner in owners for what in counted]

    def _kinds(self) -> list[Kind]:
        kinds = list(all_types()) if self.kind is None else [type_of(self.kind)]
        if not self.kind_name:
            return kinds
        names = [kind.label for kind in all_types()]
        if self.kind_name not in names:
            raise InvalidParameter(
                f"resourcetypename={self.kind_name} is none of {', '.join(names)}", parameter="resourcetypename"
            )
        return [kind for kind in kinds if kind.label == self.kind_name]


class UpdateResourceLimit(_OfOwner):
    """Sets a limit of an account or a domain."""

    roles = ADMINS
    response = ResourceLimitResponse
    event_type = events.RESOURCE_LIMIT_UPDATE

    kind = Int("resourcetype", required=True, validate=_is_type, help="number of the kind of resource")
    maximum = Long("max", default=UNLIMITED, help="the limit; -1 is none. Memory in MiB, storage in GiB")
    tag = Str("tag", default="", help="limit only what carries this host or storage tag")

    def execute(self) -> dict[str, Any]:
        if self.domain is None and not self.account_name and self.project is None:
            raise InvalidParameter("Give domainid, account and domainid, or projectid", parameter="domainid")
        owner = self.owner(access=Access.MODIFY)
        kind = type_of(self.kind)
        account, domain = (owner, None) if isinstance(owner, Account) else (None, owner)
        limit = LimitManager().update(
            caller=self.caller, kind=kind, maximum=self.maximum, account=account, domain=domain, tag=self.tag
        )
        return {**owner_of(owner, Counted(kind, self.tag)), "max": limit.max}


class UpdateResourceCount(_OfOwner):
    """Counts again what an account, or a domain with all below it, holds."""

    roles = ADMINS
    response = ResourceCountResponse
    list_shaped = True

    domain = Ref("domainid", Domain, required=True, help="the domain, or that of the account")
    kind = Int("resourcetype", validate=_is_type, help="number of the kind of resource; all if left out")
    tag = Str("tag", help="count only what carries this host or storage tag; all if left out")

    def execute(self) -> list[dict[str, Any]]:
        owner = self.owner(access=Access.MODIFY)
        kinds = all_types() if self.kind is None else (type_of(self.kind),)
        if self.tag and not all_counted(kinds, self.tag):
            raise InvalidParameter(
                f"tag={self.tag}: nothing of that kind is counted by this tag; the settings "
                "resource.limitation.host.tags and resource.limitation.storage.tags name the tags",
                parameter="tag",
            )
        tag = self.tag or None
        RecountManager().recount(caller=self.caller, owner=owner, kinds=kinds, tag=tag)
        held = counts(owner, caller=self.caller)
        return [
            {**owner_of(owner, what), "resourcecount": held.get((int(what.kind), what.tag), 0)}
            for what in all_counted(kinds, tag)
        ]
