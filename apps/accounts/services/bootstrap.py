"""What a fresh installation holds: ROOT, the roles, the platform's own account and the first administrator."""

from dataclasses import dataclass

from django.db import transaction

from apps.accounts.models import Account, ApiKeyPair, Domain, Permission, Role, RolePermission, User
from apps.accounts.models.domain import ROOT_PATH
from apps.accounts.selectors import caller_of
from apps.accounts.services.accounts import open_account
from apps.accounts.services.api_keys import ApiKeyManager
from cloudstack.api import registry
from cloudstack.framework.context import RoleType

_ROLES = (
    ("Root Admin", RoleType.ADMIN, "May call everything, everywhere"),
    ("Resource Admin", RoleType.RESOURCE_ADMIN, "Administers the resources of a domain and of those below it"),
    ("Domain Admin", RoleType.DOMAIN_ADMIN, "Administers a domain and those below it"),
    ("User", RoleType.USER, "Uses the cloud for an account"),
    ("Read-Only Admin - Default", RoleType.ADMIN, "Sees everything and changes nothing"),
    ("Read-Only User - Default", RoleType.USER, "Sees what its account has and changes nothing"),
)
_READING = ("list", "get", "query", "find")
_NOT_FOR_READERS = ("getuserkeys", "getuploadparams")
"""They read, but what they give away lets the reader act."""


@dataclass(frozen=True)
class RootInstallation:
    """The first administrator and whether this call made it."""

    admin: User
    created: bool


@transaction.atomic
def ensure_root(admin_username: str, admin_password: str) -> RootInstallation:
    """Make what is missing; safe to repeat. The password of an administrator that exists stays as it is."""
    root, _ = Domain.objects.get_or_create(path=ROOT_PATH, defaults={"name": "ROOT", "level": 0})
    roles = ensure_default_roles()
    _ensure_system(root, roles["Root Admin"])
    admin = User.objects.filter(domain=root, username=admin_username).first()
    if admin is not None:
        return RootInstallation(admin, created=False)
    account = Account.objects.filter(domain=root, name=admin_username).first() or open_account(
        name=admin_username, domain=root, role=roles["Root Admin"], is_default=True
    )
    admin = User(account=account, domain=root, username=admin_username, first_name="admin", last_name="cloud")
    admin.is_default = True
    admin.set_password(admin_password)
    admin.save()
    admin.groups.add(account.group_id)
    return RootInstallation(admin, created=True)


def ensure_admin_keys(admin: User) -> ApiKeyPair:
    """The administrator's key pair, made when there is none."""
    caller, keys = caller_of(admin), ApiKeyManager()
    return keys.pair_of(caller=caller, user=admin) or keys.register(caller=caller, user=admin)


def ensure_default_roles() -> dict[str, Role]:
    """The roles that come with the installation, with the rules of those that only read brought up to date."""
    roles: dict[str, Role] = {}
    for name, kind, description in _ROLES:
        roles[name], _ = Role.objects.get_or_create(
            name=name,
            defaults={
                "type": kind,
                "description": description,
                "is_default": True,
                "unrestricted": name == "Root Admin",
                "is_public": kind != RoleType.ADMIN,
            },
        )
        if name.startswith("Read-Only"):
            _ensure_reading_rules(roles[name])
    return roles


def _ensure_reading_rules(role: Role) -> None:
    """Rules are names, not patterns: ``list*`` would also open lists that are for administrators only."""
    wanted = [
        (command.name, Permission.ALLOW)
        for command in registry.all()
        if command.name.startswith(_READING)
        and not command.name.lower().startswith(_NOT_FOR_READERS)
        and RoleType(role.type) in command.roles
    ]
    wanted += [("logout", Permission.ALLOW), ("*", Permission.DENY)]
    present = list(role.permissions.order_by("position", "pk").values_list("rule", "permission"))
    if present == [(rule, str(permission)) for rule, permission in wanted]:
        return
    role.permissions.all().delete()
    RolePermission.objects.bulk_create(
        RolePermission(role=role, rule=rule, permission=permission, position=position)
        for position, (rule, permission) in enumerate(wanted)
    )
    role.version += 1
    role.save(update_fields=["version"])


def _ensure_system(root: Domain, role: Role) -> None:
    if Account.objects.filter(is_system=True).exists():
        return
    account = open_account(name="system", domain=root, role=role, is_system=True, is_default=True)
    user = User(account=account, domain=root, username="system", first_name="system", last_name="cloud")
    user.is_default = True
    user.set_unusable_password()
    user.save()
