"""Settings of the metadata app."""

from cloudstack.framework.configuration import ConfigKey

ICON_MAX_KIB = ConfigKey(
    "resource.icon.max.size",
    int,
    256,
    description="How large the file of an icon may be, in KiB.",
    minimum=1,
    maximum=2048,
)
