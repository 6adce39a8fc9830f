"""What this portal can do."""

from typing import Any

from apps.compute.config import USER_EXPUNGE
from apps.storage.config import CUSTOM_DISK_MAX, CUSTOM_DISK_MIN
from cloudstack.api import BOOL, INT, STRING, BaseCmd, Field, Response

VERSION = "4.22.0.0"
"""Version of the command API that clients may count on."""


class CapabilityResponse(Response):
    object_name = "capability"

    cloudstackversion = Field(type=STRING, help="version of the command API")
    securitygroupsenabled = Field(type=BOOL)
    dynamicrolesenabled = Field(type=BOOL)
    userpublictemplateenabled = Field(type=BOOL)
    projectinviterequired = Field(type=BOOL)
    allowusercreateprojects = Field(type=BOOL)
    regionsecondaryenabled = Field(type=BOOL)
    kvmsnapshotenabled = Field(type=BOOL)
    allowuserviewdestroyedvm = Field(type=BOOL)
    allowuserexpungerecovervm = Field(type=BOOL)
    allowuserexpungerecovervolume = Field(type=BOOL)
    allowuserforcestopvm = Field(type=BOOL)
    allowuserviewalldomainaccounts = Field(type=BOOL)
    kubernetesserviceenabled = Field(type=BOOL)
    kubernetesclusterexperimentalfeaturesenabled = Field(type=BOOL)
    instanceleaseenabled = Field(type=BOOL)
    dynamicscalingenabled = Field(type=BOOL)
    defaultuipagesize = Field(type=INT)
    customdiskofferingminsize = Field(type=INT)
    customdiskofferingmaxsize = Field(type=INT)


class ListCapabilities(BaseCmd):
    """Says what this portal can do."""

    response = CapabilityResponse

    def execute(self) -> dict[str, Any]:
        return {
            "cloudstackversion": VERSION,
            "securitygroupsenabled": False,
            "dynamicrolesenabled": True,
            "userpublictemplateenabled": True,
            "projectinviterequired": False,
            "allowusercreateprojects": False,
            "regionsecondaryenabled": False,
            "kvmsnapshotenabled": False,
            "allowuserviewdestroyedvm": True,
            "allowuserexpungerecovervm": bool(USER_EXPUNGE.value(self.caller.account_uuid)),
            "allowuserexpungerecovervolume": True,
            "allowuserforcestopvm": True,
            "allowuserviewalldomainaccounts": False,
            "kubernetesserviceenabled": False,
            "kubernetesclusterexperimentalfeaturesenabled": False,
            "instanceleaseenabled": False,
            "dynamicscalingenabled": False,
            "defaultuipagesize": 20,
            "customdiskofferingminsize": CUSTOM_DISK_MIN.value(),
            "customdiskofferingmaxsize": CUSTOM_DISK_MAX.value(),
        }
