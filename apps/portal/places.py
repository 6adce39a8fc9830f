"""Where the models of the core stand in the admin's navigation: by the operator's work, not by app.

A page says by its own ``section`` where else it wants to stand; what is in no table and in no plugin fails a test.
"""

from dataclasses import dataclass

PLUGINS = "Plugins"
SECTIONS: dict[str, str] = {
    "Overview": "dashboard",
    "Infrastructure": "dns",
    "Compute": "memory",
    "Storage": "hard_drive",
    "Network": "lan",
    "Tenants": "groups",
    "Jobs": "play_circle",
    "Events and alerts": "notifications",
    "Settings": "settings",
    PLUGINS: "extension",
}
"""Title → icon, in the order of the navigation."""


@dataclass(frozen=True)
class PageOfNoModel:
    """A page of ours that shows no model: the name of its URL, and the command whose role rule opens it, if any."""

    section: str
    title: str
    url_name: str
    command: str = ""
    """Empty: for root admins without restriction."""
    order: int = -1


PAGES = (
    PageOfNoModel("Infrastructure", "Set up a zone", "cloud_zone_setups", "createZone", order=100),
    PageOfNoModel("Jobs", "Workers and queues", "cloud_flower", order=90),
    PageOfNoModel("Jobs", "Schedule", "cloud_schedule", order=100),
    PageOfNoModel("Settings", "All settings", "cloud_settings", "listConfigurations"),
    PageOfNoModel(PLUGINS, "Installed plugins", "cloud_plugins"),
)

_MODELS: dict[str, tuple[str, str]] = {
    # Section: what is looked at every day; what is looked at when something is wrong.
    "Infrastructure": (
        (
            "infrastructure.Zone infrastructure.Pod infrastructure.Cluster infrastructure.Host"
            " nodes.ManagementServer portal.Region"
        ),
        (
            "infrastructure.Dedication infrastructure.HostCapacity infrastructure.CapacityReservation"
            " infrastructure.HypervisorCapabilities infrastructure.CapacityHistory infrastructure.HostHistory"
            " compute.ClusterDrsPlan compute.ClusterDrsMigration portal.ZoneSetup"
        ),
    ),
    "Compute": (
        (
            "compute.VirtualMachine compute.ServiceOffering compute.InstanceGroup compute.AffinityGroup"
            " compute.SshKeyPair compute.UserData compute.VmSchedule compute.ConsoleSession"
            " compute.UnmanagedVm"
        ),
        (
            "compute.VirtualMachinePlacement compute.Nic compute.VolumeAttachment compute.Drive"
            " compute.AffinityMembership compute.TemplateUserData compute.MachineUsage compute.MachineSample"
            " compute.MachineHistory compute.MachineStateHistory"
            " storage.GuestOs storage.GuestOsCategory"
        ),
    ),
    "Storage": (
        "storage.Volume storage.Template storage.Iso storage.DiskOffering storage.StoragePool storage.ImageStore",
        (
            "storage.PoolHost storage.PoolReservation storage.StoppedForPool storage.TemplateZone"
            " storage.TemplateStoreRef"
            " storage.TemplatePoolRef storage.DownloadTicket storage.UploadTicket"
        ),
    ),
    "Network": (
        "network.Network network.PublicIpAddress network.NetworkOffering network.PhysicalNetwork network.VlanIpRange",
        (
            "network.NetworkHost network.NetworkRule network.NetworkServiceProvider network.NetworkOfferingService"
            " network.PhysicalNetworkTrafficType network.VnetRange network.GuestVlanRange network.VniAllocation"
            " network.IpAllocation network.MacAllocation"
        ),
    ),
    "Tenants": (
        "accounts.Domain accounts.Account accounts.User accounts.Project accounts.Role accounts.ResourceLimit",
        (
            "accounts.ResourceCount accounts.RolePermission accounts.ProjectMember accounts.ProjectInvitation"
            " accounts.ProjectRole accounts.ProjectRolePermission accounts.ApiKeyPair accounts.ApiToken"
            " accounts.TwoFactor"
            " accounts.RecoveryCode metadata.ResourceTag metadata.ResourceDetail metadata.Annotation"
            " metadata.ResourceIcon"
        ),
    ),
    "Jobs": (
        "jobs.AsyncJob",
        "jobs.JobStep jobs.JobLock jobs.JobLog scheduler.ScheduledRun cloudstack_api.IdempotentCall",
    ),
    "Events and alerts": ("events.Event alerts.Alert notifications.Webhook", "notifications.WebhookDelivery"),
    "Settings": ("configuration.SettingChange", "configuration.ConfigValue"),
}

_ICONS = {
    "infrastructure.Zone": "public",
    "infrastructure.Pod": "view_module",
    "infrastructure.Cluster": "workspaces",
    "infrastructure.Host": "dns",
    "portal.Region": "travel_explore",
    "nodes.ManagementServer": "computer",
    "compute.VirtualMachine": "desktop_windows",
    "compute.ServiceOffering": "sell",
    "compute.InstanceGroup": "folder",
    "compute.AffinityGroup": "join",
    "compute.SshKeyPair": "key",
    "compute.UserData": "description",
    "compute.VmSchedule": "schedule",
    "compute.UnmanagedVm": "input",
    "compute.VirtualMachinePlacement": "my_location",
    "storage.Volume": "hard_drive",
    "storage.Template": "layers",
    "storage.Iso": "album",
    "storage.DiskOffering": "sell",
    "storage.StoragePool": "database",
    "storage.ImageStore": "inventory_2",
    "network.Network": "lan",
    "network.PublicIpAddress": "pin_drop",
    "network.NetworkOffering": "sell",
    "network.PhysicalNetwork": "cable",
    "network.VlanIpRange": "linear_scale",
    "accounts.Domain": "account_tree",
    "accounts.Account": "badge",
    "accounts.User": "person",
    "accounts.Project": "group_work",
    "accounts.Role": "policy",
    "accounts.ResourceLimit": "speed",
    "jobs.AsyncJob": "play_circle",
    "events.Event": "history",
    "alerts.Alert": "warning",
    "notifications.Webhook": "webhook",
    "configuration.SettingChange": "history",
}
DEFAULT_ICON = "table_rows"


@dataclass(frozen=True)
class Place:
    """Section, order in it, and whether it stands with the inner workings."""

    section: str
    order: int
    inner: bool


PLACES: dict[str, Place] = {
    label: Place(section, order, inner)
    for section, lists in _MODELS.items()
    for inner, labels in enumerate(lists)
    for order, label in enumerate(labels.split(), start=1000 * inner)
    for inner in (bool(inner),)
}


def icon_of(label: str) -> str:
    return _ICONS.get(label, DEFAULT_ICON)
