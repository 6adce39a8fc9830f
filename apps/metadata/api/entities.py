"""Who reaches which note, and the kinds of the app below this one."""

from apps.accounts.models import Account, Domain, Project, User
from apps.metadata.kinds import HUNG, register_kind
from apps.metadata.models import Annotation
from apps.metadata.selectors import annotations_visible_to
from cloudstack.api import register_entity

register_entity(Annotation, scope=annotations_visible_to)

register_kind(Account, "Account", tags=True, icon=True)
register_kind(User, "User", tags=True, icon=True, icon_from="account", title="username", details=HUNG)
register_kind(Project, "Project", tags=True, icon=True)
register_kind(Domain, "Domain", icon=True, note="DOMAIN")
