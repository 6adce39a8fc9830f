"""The domain tree: grow it, rename a branch, cut one off."""

from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import Value
from django.db.models.functions import Concat, Substr

from apps.accounts import events
from apps.accounts.models import Account, AccountType, Domain, Project, Role
from apps.accounts.models.domain import ROOT_PATH
from apps.accounts.services.names import ensure_dns_suffix, ensure_name
from apps.accounts.services.reach import ensure_role_within
from apps.accounts.services.removal import Owners, ensure_removable
from apps.accounts.services.state_machines import DOMAIN_FSM
from apps.accounts.states import DomainState
from cloudstack.framework.context import Caller
from cloudstack.framework.errors import InvalidParameter, PermissionDenied, ResourceInUse
from cloudstack.framework.events.bus import publish
from cloudstack.framework.jobs import AsyncJob, dispatch


class DomainManager:
    """Creates, changes and deletes domains."""

    @transaction.atomic
    def create(
        self, *, caller: Caller, name: str, parent: Domain, network_domain: str = "", uuid: Any = None
    ) -> Domain:
        """A new domain below ``parent``; raises ``InvalidParameter`` for a name that is taken there or has a slash."""
        name = ensure_domain_name(name)
        ensure_dns_suffix(network_domain)
        ensure_takes_in(parent, parameter="parentdomainid")
        domain = Domain(
            name=name,
            parent=parent,
            path=f"{parent.path}{name}/",
            level=parent.level + 1,
            network_domain=network_domain,
            **({"uuid": uuid} if uuid else {}),
        )
        self._ensure_free(domain.path, "name")
        try:
            with transaction.atomic():
                domain.save()
        except IntegrityError:
            raise InvalidParameter(f"Domain {domain} exists already", parameter="name") from None
        publish(events.DOMAIN_CREATE, caller=caller, description=f"domain {domain} created", resource=domain)
        return domain

    @transaction.atomic
    def update(
        self, *, caller: Caller, domain: Domain, name: str | None = None, network_domain: str | None = None
    ) -> Domain:
        """Rename a domain (the paths of all below it follow) or change its DNS suffix."""
        if network_domain is not None:
            ensure_dns_suffix(network_domain)
            domain.network_domain = network_domain
        if name is not None and name != domain.name:
            self._rename(domain, ensure_domain_name(name))
        domain.save(update_fields=["name", "path", "network_domain"])
        publish(events.DOMAIN_UPDATE, caller=caller, description=f"domain {domain} changed", resource=domain)
        return domain

    def _rename(self, domain: Domain, name: str) -> None:
        if domain.path == ROOT_PATH:
            raise InvalidParameter("the domain ROOT cannot be renamed", parameter="name")
        old = domain.path
        new = f"{old[: -len(domain.name) - 1]}{name}/"
        if new.lower() != old.lower():
            self._ensure_free(new, "name")
        # One statement: each path below keeps what follows the renamed part.
        Domain.all_objects.filter(path__startswith=old, removed__isnull=True).update(
            path=Concat(Value(new), Substr("path", len(old) + 1))
        )
        domain.name, domain.path = name, new

    def _ensure_free(self, path: str, parameter: str) -> None:
        if Domain.objects.filter(path__iexact=path).exists():
            raise InvalidParameter(f"Domain ROOT{path.rstrip('/')} exists already", parameter=parameter)

    @transaction.atomic
    def delete(self, *, caller: Caller, domain: Domain, cleanup: bool = False) -> AsyncJob:
        """Delete an empty domain; with ``cleanup`` all accounts in it and domains below it, with all that they own.

        Raises ``ResourceInUse`` for what must be settled before. Until the job has ended nothing can be added; if
        something cannot be removed the job names it, and what is left of the branch is open again.
        """
        if domain.path == ROOT_PATH:
            raise InvalidParameter("the domain ROOT cannot be deleted", parameter="id")
        if domain.pk == caller.domain_id or caller.domain_path.startswith(domain.path):
            raise PermissionDenied("You cannot delete a domain that you belong to")
        if domain.state != DomainState.ACTIVE:
            raise ResourceInUse(f"domain {domain} is being deleted already", parameter="id")
        owners = owners_in(domain)
        if cleanup:
            # Accounts go with the domain: only those that the caller could delete one by one.
            for role in Role.objects.filter(pk__in=owners.accounts.values("role")):
                ensure_role_within(caller, role)
        else:
            self._ensure_empty(domain)
        ensure_removable(owners)
        for beneath in owners.domains.filter(state=DomainState.ACTIVE).exclude(pk=domain.pk):
            DOMAIN_FSM.fire(beneath, "delete")
        DOMAIN_FSM.fire(domain, "delete")
        return dispatch(
            "accounts.domain.delete",
            caller=caller,
            exclusive=[f"domain:{domain.uuid}"],
            resource=domain,
            arguments={"domain_uuid": str(domain.uuid), "cleanup": cleanup},
            description=f"deleting domain {domain}",
        )

    def _ensure_empty(self, domain: Domain) -> None:
        """Raises ``ResourceInUse`` naming what stands in the way."""
        children = Domain.objects.filter(path__startswith=domain.path).exclude(pk=domain.pk).count()
        accounts = Account.objects.filter(domain=domain).exclude(type=AccountType.PROJECT).count()
        projects = Project.objects.filter(domain=domain).count()
        if children or accounts or projects:
            raise ResourceInUse(
                f"Domain {domain} holds {children} domains, {accounts} accounts and {projects} projects: "
                f"delete them first or ask for cleanup=true",
                parameter="id",
            )


def owners_in(domain: Domain) -> Owners:
    """The domain and all below it, as owners of what goes with them."""
    return Owners(
        accounts=Account.objects.filter(domain__path__startswith=domain.path),
        domains=Domain.objects.filter(path__startswith=domain.path),
        title=f"domain {domain}",
    )


def ensure_takes_in(domain: Domain, *, parameter: str) -> None:
    """Raises ``InvalidParameter`` when ``domain`` is going; holds its row, so that it does not go meanwhile.

    Not its key: whoever makes something in the domain needs that when he commits, while he holds the counters.
    """
    if not Domain.objects.select_for_update(no_key=True).filter(pk=domain.pk, state=DomainState.ACTIVE).exists():
        raise InvalidParameter(f"domain {domain} is being deleted", parameter=parameter)


def ensure_domain_name(name: str) -> str:
    name = ensure_name(name, parameter="name", what="a domain's name")
    if "/" in name:
        raise InvalidParameter(f'name={name!r}: a domain\'s name cannot contain "/"', parameter="name")
    return name
