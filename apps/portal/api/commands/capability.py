"""What this portal can do."""

from typing import Any

from apps.accounts.config import INVITE_REQUIRED, USERS_CREATE_PROJECTS
from apps.compute.config import USER_EXPUNGE
from apps.portal.config import DEFAULT_UI_PAGE_SIZE
from apps.storage.config import CUSTOM_DISK_MAX, CUSTOM_DISK_MIN, USERS_EXPUNGE_VOLUMES, USERS_SHARE_TEMPLATES
from cloudstack import API_VERSION
from cloudstack.api import BOOL, INT, STRING, BaseCmd, Field, Response
from cloudstack.api.config import THROTTLING_ENABLED, THROTTLING_INTERVAL_S, THROTTLING_MAX
from cloudstack.framework.configuration import registry


class CapabilityResponse(Response):
    object_name = "capability"

    cloudstackversion = Field(type=STRING, help="version of the command API")
    securitygroupsenabled = Field(type=BOOL, help="whether machines can be in security groups")
    dynamicrolesenabled = Field(type=BOOL, help="whether roles are made and changed by commands")
    userpublictemplateenabled = Field(type=BOOL, help="whether users may publish templates")
    supportELB = Field(type=STRING, help="whether networks have elastic load balancers: false")
    projectinviterequired = Field(type=BOOL, help="whether members of a project are asked first")
    allowusercreateprojects = Field(type=BOOL, help="whether users may create projects")
    regionsecondaryenabled = Field(type=BOOL, help="whether image stores serve a whole region")
    kvmsnapshotenabled = Field(type=BOOL, help="whether volumes of KVM can be snapshotted")
    allowuserviewdestroyedvm = Field(type=BOOL, help="whether users see their destroyed machines")
    allowuserexpungerecovervm = Field(type=BOOL, help="whether users expunge and recover machines")
    allowuserexpungerecovervolume = Field(type=BOOL, help="whether users expunge and recover volumes")
    allowuserforcestopvm = Field(type=BOOL, help="whether users may cut the power of machines")
    allowuserviewalldomainaccounts = Field(type=BOOL, help="whether users see the other accounts of their domain")
    kubernetesserviceenabled = Field(type=BOOL, help="whether there are Kubernetes clusters")
    kubernetesclusterexperimentalfeaturesenabled = Field(type=BOOL, help="whether they have experimental features")
    instanceleaseenabled = Field(type=BOOL, help="whether machines can be leased for a time")
    dynamicscalingenabled = Field(type=BOOL, help="whether machines are scaled while they run")
    additionalconfigenabled = Field(type=BOOL, help="whether users give machines settings of the hypervisor")
    defaultuipagesize = Field(type=INT, help="rows of a page in portals")
    customdiskofferingminsize = Field(type=INT, help="GiB that a disk of a custom offering has at least")
    customdiskofferingmaxsize = Field(type=INT, help="GiB that a disk of a custom offering has at most")
    apilimitinterval = Field(type=INT, help="seconds in which apilimitmax calls are possible, if calls are limited")
    apilimitmax = Field(type=INT, help="calls that an account may make in that time")
    instancesstatsuseronly = Field(type=BOOL, help="whether only users' machines have figures: there are no others")
    instancesdisksstatsretentionenabled = Field(type=BOOL, help="whether figures of single disks are kept")
    instancesstatsretentiontime = Field(type=INT, help="minutes for which figures of machines are kept")


class ListCapabilities(BaseCmd):
    """Says what this portal can do."""

    response = CapabilityResponse

    def execute(self) -> dict[str, Any]:
        account = self.caller.account_uuid
        retention = registry.get("vm.stats.max.retention.time")
        scaling = registry.get("enable.dynamic.scale.vm")
        body = {
            "cloudstackversion": API_VERSION,
            "securitygroupsenabled": False,
            "dynamicrolesenabled": True,
            "userpublictemplateenabled": bool(USERS_SHARE_TEMPLATES.value(account)),
            "supportELB": "false",
            "projectinviterequired": bool(INVITE_REQUIRED.value()),
            "allowusercreateprojects": bool(USERS_CREATE_PROJECTS.value()),
            "regionsecondaryenabled": False,
            "kvmsnapshotenabled": False,
            "allowuserviewdestroyedvm": True,
            "allowuserexpungerecovervm": bool(USER_EXPUNGE.value(account)),
            "allowuserexpungerecovervolume": bool(USERS_EXPUNGE_VOLUMES.value(account)),
            "allowuserforcestopvm": True,
            "allowuserviewalldomainaccounts": False,
            "kubernetesserviceenabled": False,
            "kubernetesclusterexperimentalfeaturesenabled": False,
            "instanceleaseenabled": False,
            "dynamicscalingenabled": bool(scaling.value()) if scaling is not None else False,
            "additionalconfigenabled": False,
            "instancesstatsuseronly": True,
            "instancesdisksstatsretentionenabled": False,
            "defaultuipagesize": DEFAULT_UI_PAGE_SIZE.value(),
            "customdiskofferingminsize": CUSTOM_DISK_MIN.value(),
            "customdiskofferingmaxsize": CUSTOM_DISK_MAX.value(),
        }
        if THROTTLING_ENABLED.value():
            body |= {"apilimitinterval": THROTTLING_INTERVAL_S.value(), "apilimitmax": THROTTLING_MAX.value()}
        if retention is not None:
            body["instancesstatsretentiontime"] = retention.value()
        return body
