"""Settings of accounts: default limits, keys and log-in."""

from apps.accounts.models.limit import MAX_TAG, Kind, ResourceType
from cloudstack.framework.configuration import ConfigKey, Scope

INCORRECT_LOGINS_ALLOWED = ConfigKey(
    "incorrect.login.attempts.allowed",
    int,
    5,
    description="Failed log-ins after which a user is disabled; 0 is no limit. For a root admin the address that they "
    "come from is shut out instead: for the rest of a minute, or after six times as many for the rest of an hour.",
    minimum=0,
)
ADDRESS_FAILURES_ALLOWED = ConfigKey(
    "login.failures.per.address.allowed",
    int,
    100,
    description="Failed log-ins from one address, to whichever users, after which no password is looked at from there "
    "until the stretch of time ends; 0 is no limit. An IPv6 network of 64 bits counts as one address.",
    minimum=0,
)
ADDRESS_FAILURES_STRETCH_S = ConfigKey(
    "login.failures.per.address.stretch",
    int,
    300,
    description="Seconds of the stretch of time in which failed log-ins from one address are counted.",
    minimum=10,
    maximum=86400,
)
API_KEY_ACCESS = ConfigKey(
    "api.key.access",
    bool,
    True,
    description="Whether requests may be signed with key pairs; accounts and users may differ from it.",
    scope=Scope.DOMAIN,
)
CLEANUP_INTERVAL = ConfigKey(
    "account.cleanup.interval",
    int,
    86400,
    description="Seconds after which the deletion of an account that came to no end is tried again.",
    minimum=60,
)
REMOVAL_PATIENCE = ConfigKey(
    "account.cleanup.patience",
    int,
    3600,
    description="Seconds that deleting an account, project or domain waits while nothing of what it owns goes away.",
    minimum=10,
)

TWO_FACTOR_ENABLED = ConfigKey(
    "enable.user.2fa",
    bool,
    False,
    description="Whether users may set up a second factor beside their password.",
    scope=Scope.DOMAIN,
)
TWO_FACTOR_MANDATED = ConfigKey(
    "mandate.user.2fa",
    bool,
    False,
    description="Whether users must have a second factor, where enable.user.2fa lets them; key pairs do not need one.",
    scope=Scope.DOMAIN,
)
TWO_FACTOR_PROVIDER = ConfigKey(
    "user.2fa.default.provider",
    str,
    "totp",
    description="The second factor of users who choose none: codes of an authenticator app, or a fixed PIN.",
    scope=Scope.DOMAIN,
    choices=("totp", "staticpin"),
)
TWO_FACTOR_ISSUER = ConfigKey(
    "user.2fa.issuer",
    str,
    "CloudStack",
    description="Name under which authenticator apps show the codes of this cloud.",
    scope=Scope.DOMAIN,
)

_MEANINGS = {
    ResourceType.USER_VM: ("user.vms", 20, 40, "virtual machines"),
    ResourceType.PUBLIC_IP: ("public.ips", 20, 40, "public IP addresses"),
    ResourceType.VOLUME: ("volumes", 20, 40, "volumes"),
    ResourceType.SNAPSHOT: ("snapshots", 20, 40, "snapshots"),
    ResourceType.TEMPLATE: ("templates", 20, 40, "templates"),
    ResourceType.PROJECT: ("projects", 10, 50, "projects"),
    ResourceType.NETWORK: ("networks", 20, 40, "guest networks"),
    ResourceType.VPC: ("vpcs", 20, 40, "VPCs"),
    ResourceType.CPU: ("cpus", 40, 80, "virtual CPUs"),
    ResourceType.MEMORY: ("memory", 40960, 81920, "MiB of memory"),
    ResourceType.PRIMARY_STORAGE: ("primary.storage", 200, 400, "GiB of primary storage"),
    ResourceType.SECONDARY_STORAGE: ("secondary.storage", 400, 800, "GiB of secondary storage"),
    ResourceType.BACKUP: ("backups", 20, 40, "backups"),
    ResourceType.BACKUP_STORAGE: ("backup.storage", 400, 800, "GiB of backups"),
    ResourceType.BUCKET: ("buckets", 20, 40, "buckets"),
    ResourceType.OBJECT_STORAGE: ("object.storage", 400, 800, "GiB of objects"),
    ResourceType.GPU: ("gpus", 20, 40, "GPUs"),
}


def words_of(text: str) -> tuple[str, ...]:
    """A comma list, as settings write it."""
    return tuple(dict.fromkeys(word for word in (part.strip() for part in text.split(",")) if word))


def _check_tags(text: str) -> None:
    for word in words_of(text):
        if len(word) > MAX_TAG:
            raise ValueError(f"the tag {word[:20]}… has {len(word)} letters; {MAX_TAG} are possible")


HOST_TAGS = ConfigKey(
    "resource.limitation.host.tags",
    str,
    "",
    description="Host tags, separated by commas, by which machines, CPUs and memory are limited beside their totals.",
    check=_check_tags,
)
STORAGE_TAGS = ConfigKey(
    "resource.limitation.storage.tags",
    str,
    "",
    description="Storage tags, separated by commas, by which volumes and their size are limited beside their totals.",
    check=_check_tags,
)

ACCOUNT_LIMITS: dict[Kind, ConfigKey] = {}
DOMAIN_LIMITS: dict[Kind, ConfigKey] = {}
PROJECT_LIMITS: dict[Kind, ConfigKey] = {}


def declare_limits(
    kind: Kind, name: str, what: str, *, of_account: int, of_domain: int, of_project: int | None, component: str = ""
) -> None:
    """The settings ``max.account.<name>``, ``max.domain.<name>`` and ``max.project.<name>`` with their defaults.

    ``of_project``: None for what projects never hold. ``component`` as in ``ConfigKey``.
    """
    for limits, holder, whose, default in (
        (ACCOUNT_LIMITS, "account", "an account", of_account),
        (DOMAIN_LIMITS, "domain", "a domain below ROOT", of_domain),
        (PROJECT_LIMITS, "project", "a project", of_project),
    ):
        if default is not None:
            limits[kind] = ConfigKey(
                f"max.{holder}.{name}",
                int,
                default,
                description=f"How many {what} {whose} may hold unless it has a limit of its own; -1 is no limit.",
                category=f"{holder.capitalize()} Defaults",
                minimum=-1,
                component=component or "accounts",
            )


for _kind, (_name, _own, _of_domain, _what) in _MEANINGS.items():
    declare_limits(
        _kind,
        _name,
        _what,
        of_account=_own,
        of_domain=_of_domain,
        of_project=None if _kind == ResourceType.PROJECT else _own,
    )

USERS_CREATE_PROJECTS = ConfigKey(
    "allow.user.create.projects",
    bool,
    True,
    description="Whether users who administer nothing may create projects.",
)
INVITE_REQUIRED = ConfigKey(
    "project.invite.required",
    bool,
    False,
    description="Whether accounts and users join a project only after they have accepted an invitation.",
)
INVITE_TIMEOUT = ConfigKey(
    "project.invite.timeout",
    int,
    86400,
    description="Seconds for which an invitation to a project can be answered.",
    minimum=1,
)
MAIL_SENDER = ConfigKey(
    "project.email.sender",
    str,
    "",
    description="Sender of the mails that invite to projects.",
)
MAIL_HOST = ConfigKey(
    "project.smtp.host",
    str,
    "",
    description="SMTP server that sends invitations to projects; without one nobody is invited by mail.",
)
MAIL_PORT = ConfigKey("project.smtp.port", int, 25, description="Port of that server.", minimum=1, maximum=65535)
MAIL_USER = ConfigKey("project.smtp.username", str, "", description="User name at that server; empty for no log-in.")
MAIL_PASSWORD = ConfigKey("project.smtp.password", str, "", description="Password at that server.", secret=True)
MAIL_STARTTLS = ConfigKey(
    "project.smtp.useStartTLS",
    bool,
    False,
    description="Whether the connection to that server is encrypted (STARTTLS).",
)
MACHINES_STOP_TIMEOUT = ConfigKey(
    "project.suspend.timeout",
    int,
    3600,
    description="Seconds that the machines of a project may take to stop when it is suspended.",
    minimum=1,
)
