"""Base of commands that create something for an owner: oneself, an account that an admin names, or a project."""

from apps.accounts.models import Account, Domain, Project
from apps.accounts.services.ownership import resolve_owner
from cloudstack.api import Access, BaseCmd, Ref, Str


def project_ref(help: str) -> Ref[Project]:
    """``projectid``: a project in which the caller may call this command."""
    return Ref("projectid", Project, access=Access.OPERATE, select_related=("account",), help=help)


class OwnedCmd(BaseCmd):
    """A command about things of one owner. Stands before ``BaseAsyncCmd`` and its like among the bases."""

    abstract = True

    account = Str("account", help="account that owns it, together with domainid; administrators only")
    domain = Ref("domainid", Domain, help="domain of that account")
    project = project_ref("project that owns it; not together with an account")

    def owner(self) -> Account:
        """The account that is meant; raises ``InvalidParameter`` and ``PermissionDenied`` as ``resolve_owner``."""
        return resolve_owner(self.caller, self.account, self.domain, project=self.project)
