"""In which group and subgroup clients show a setting: by the beginning of its name, else by who declares it."""

from dataclasses import dataclass

from cloudstack.framework.configuration import ConfigKey

REST = ("Miscellaneous", "Others")
PLUGINS = ("Miscellaneous", "Plugins")


@dataclass(frozen=True)
class SettingGroup:
    """``subgroups`` in the order in which clients show them."""

    name: str
    description: str
    subgroups: tuple[str, ...]


GROUPS = (
    SettingGroup(
        "Access",
        "Accounts, domains and projects, how they log in, and what they may hold",
        ("Account", "Domain", "Project", "Limits", "Authentication", "Passwords", "API"),
    ),
    SettingGroup("Compute", "Machines and where they are placed", ("Virtual Machine", "Placement")),
    SettingGroup("Storage", "Volumes, templates and the pools that hold them", ("Volumes", "Pools", "Images")),
    SettingGroup("Network", "Guest networks and their addresses", ("Network",)),
    SettingGroup("Infrastructure", "Hosts, clusters and their capacity", ("Hosts", "Capacity")),
    SettingGroup("Management Server", "The portal itself", ("Jobs", "Events", "Alerts", "Webhooks", "Portal")),
    SettingGroup("Miscellaneous", "Everything else", ("Plugins", "Others")),
)

_BY_PREFIX = (
    ("max.account.", ("Access", "Account")),
    ("max.domain.", ("Access", "Domain")),
    ("max.project.", ("Access", "Project")),
    ("project.", ("Access", "Project")),
    ("allow.user.create.projects", ("Access", "Project")),
    ("account.", ("Access", "Account")),
    ("resource.limitation.", ("Access", "Limits")),
    ("password.policy.", ("Access", "Passwords")),
    ("user.password.", ("Access", "Passwords")),
    ("user.2fa.", ("Access", "Authentication")),
    ("enable.user.2fa", ("Access", "Authentication")),
    ("mandate.user.2fa", ("Access", "Authentication")),
    ("incorrect.login.", ("Access", "Authentication")),
    ("session.", ("Access", "Authentication")),
    ("enable.secure.session.cookie", ("Access", "Authentication")),
    ("api.", ("Access", "API")),
    ("enforce.post.requests", ("Access", "API")),
    ("default.", ("Management Server", "Portal")),
    ("job.", ("Management Server", "Jobs")),
    ("event.", ("Management Server", "Events")),
    ("alert.", ("Management Server", "Alerts")),
    ("webhook.", ("Management Server", "Webhooks")),
    ("vm.allocation.", ("Compute", "Placement")),
    ("storage.pool.", ("Storage", "Pools")),
    ("storage.overprovisioning.", ("Storage", "Pools")),
    ("pool.", ("Storage", "Pools")),
    ("template.", ("Storage", "Images")),
    ("secstorage.", ("Storage", "Images")),
    ("extract.", ("Storage", "Images")),
    ("upload.", ("Storage", "Images")),
    ("allow.public.user.templates", ("Storage", "Images")),
    ("host.", ("Infrastructure", "Hosts")),
    ("ping.", ("Infrastructure", "Hosts")),
)
_BY_COMPONENT = {
    "accounts": ("Access", "Account"),
    "compute": ("Compute", "Virtual Machine"),
    "infrastructure": ("Infrastructure", "Capacity"),
    "network": ("Network", "Network"),
    "storage": ("Storage", "Volumes"),
    "api": ("Access", "API"),
    "portal": ("Management Server", "Portal"),
    "framework": ("Management Server", "Portal"),
}


def group_of(key: ConfigKey) -> tuple[str, str]:
    """Group and subgroup of ``key``."""
    if key.component.startswith("plugins."):
        return PLUGINS
    for prefix, place in _BY_PREFIX:
        if key.name.startswith(prefix):
            return place
    return _BY_COMPONENT.get(key.component, REST)
