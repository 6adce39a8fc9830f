"""What its user does with a machine."""

from typing import Any

from django.utils.translation import gettext_lazy as _

from apps.compute.web import words
from apps.compute.web.deploying import KEYS, LEASE_ENDS, SIZE_OF_OWN, USER_DATA_HELP, leases
from apps.compute.web.words import Row
from cloudstack.pages import Input, Listed, Operation
from cloudstack.pages.fields import encoded

GONE = ("Destroyed", "Expunging", "Error")
IN_ITS_ZONE = {"zoneid": "row.zoneid"}


def alive(row: Row) -> bool:
    return row.get("state") not in GONE


def destroyed(row: Row) -> bool:
    return row.get("state") == "Destroyed"


def _named_group(row: Row) -> Any:
    return row.get("group", "")


def _groups(row: Row) -> str:
    return ",".join(group["id"] for group in row.get("affinitygroup", ()))


def _name(row: Row) -> dict[str, Any]:
    return {"displayname": row.get("displayname") or row.get("name", "")}


START = Operation(
    command="startVirtualMachine", label=_("Start"), icon="play", bulk=True, suits=alive, done=_("It is being started")
)
STOP = Operation(
    command="stopVirtualMachine", label=_("Stop"), icon="stop", bulk=True, suits=alive, done=_("It is being stopped")
)
REBOOT = Operation(
    command="rebootVirtualMachine",
    label=_("Reboot"),
    icon="again",
    bulk=True,
    suits=alive,
    done=_("It is being rebooted"),
)
FORCED_STOP = Operation(
    command="stopVirtualMachine",
    label=_("Cut the power"),
    help=_(
        "As if its plug were pulled: for a machine that does not stop when it is asked to. "
        "What it has not yet written is lost."
    ),
    icon="stop",
    fixed={"forced": "true"},
    danger=True,
    folded=True,
    suits=alive,
)
FORCED_REBOOT = Operation(
    command="rebootVirtualMachine",
    label=_("Reset"),
    help=_("Starts it anew without asking it first. What it has not yet written is lost."),
    icon="again",
    fixed={"forced": "true"},
    danger=True,
    folded=True,
    suits=alive,
)
DESTROY = Operation(
    command="destroyVirtualMachine",
    label=_("Destroy"),
    help=_("It can be recovered for a time, unless it is removed at once."),
    icon="trash",
    bulk=True,
    types_name=True,
    suits=lambda row: row.get("state") not in ("Destroyed", "Expunging"),
    inputs=(
        Input(
            wire="volumeids",
            label=_("Data disks that go with it"),
            help=_("Others are kept and can be attached to another machine."),
            options=Listed(
                command="listVolumes",
                params={"type": "DATADISK", "listall": "true"},
                takes={"virtualmachineid": "row.id"},
                hint=words.volume,
            ),
            several=True,
            nothing=_("It has none."),
        ),
        Input(
            wire="expunge",
            label=_("Remove it at once"),
            help=_("Then it cannot be recovered any more."),
        ),
    ),
)
EXPUNGE = Operation(
    command="expungeVirtualMachine",
    label=_("Remove for good"),
    icon="trash",
    bulk=True,
    types_name=True,
    suits=destroyed,
)
RECOVER = Operation(
    command="recoverVirtualMachine", label=_("Recover"), icon="again", bulk=True, main=True, suits=destroyed
)
RESIZE = Operation(
    command="scaleVirtualMachine",
    label=_("Change size"),
    help=_("Gives a stopped machine more or less cores and memory. Its disks stay as they are."),
    icon="resize",
    suits=alive,
    rehearse=lambda row: {"serviceofferingid": row.get("serviceofferingid", "")},
    inputs=(
        Input(
            wire="serviceofferingid",
            label=_("New size"),
            options=Listed(command="listServiceOfferings", takes=IN_ITS_ZONE, hint=words.offering),
            cards=True,
            initial=lambda row: row.get("serviceofferingid"),
        ),
        *SIZE_OF_OWN,
    ),
)
EDIT = Operation(
    command="updateVirtualMachine",
    label=_("Edit"),
    help=_("Only what you change is changed."),
    icon="edit",
    suits=alive,
    changes_only=True,
    rehearse=_name,
    done=_("Changed"),
    inputs=(
        Input(
            wire="displayname",
            label=_("Name"),
            help=_("What you call the machine."),
            initial=lambda row: row.get("displayname") or row.get("name"),
        ),
        Input(
            wire="group",
            label=_("Group"),
            help=_("Machines of a group stand together in lists. A group that does not exist yet is made."),
            initial=_named_group,
        ),
        Input(
            wire="name",
            label=_("Host name"),
            help=_("Its name in its network. Only a stopped machine is renamed."),
            initial=lambda row: row.get("name"),
        ),
        Input(
            wire="ostypeid",
            label=_("Operating system"),
            help=_("What is installed on it; the hypervisor chooses suitable devices by it."),
            options=Listed(command="listOsTypes", label=lambda row: row.get("description") or row["id"]),
            initial=lambda row: row.get("ostypeid"),
            required=True,
        ),
        Input(
            wire="haenable",
            label=_("Restart it elsewhere when its host fails"),
            initial=lambda row: bool(row.get("haenable")),
        ),
        Input(
            wire="deleteprotection",
            label=_("Protect it from being destroyed"),
            initial=lambda row: bool(row.get("deleteprotection")),
        ),
        Input(
            wire="isdynamicallyscalable",
            label=_("May grow while it runs"),
            help=_("Where the size and the hypervisor allow it."),
            initial=lambda row: bool(row.get("isdynamicallyscalable")),
            advanced=True,
        ),
    ),
)
REINSTALL = Operation(
    command="restoreVirtualMachine",
    parameter="virtualmachineid",
    label=_("Reinstall"),
    help=_(
        "Makes its root disk anew from its image, or from another one. What is on that disk is lost; "
        "data disks are not touched."
    ),
    icon="disc",
    danger=True,
    types_name=True,
    suits=alive,
    inputs=(
        Input(
            wire="templateid",
            label=_("Image"),
            options=Listed(
                command="listTemplates",
                params={"templatefilter": "executable", "details": "min"},
                takes=IN_ITS_ZONE,
                hint=words.image,
                suits=lambda row: bool(row.get("isready")),
            ),
            unset=_("the one that it has"),
        ),
        Input(
            wire="rootdisksize",
            label=_("Size of the root disk"),
            unit="GiB",
            help=_("Empty: as large as it is."),
        ),
        Input(
            wire="expunge",
            label=_("Delete the old disk at once"),
            help=_("Otherwise it can be recovered for a time."),
        ),
    ),
)
RESET_PASSWORD = Operation(
    command="resetPasswordForVirtualMachine",
    label=_("Reset password"),
    help=_("The machine takes the new password at its next start. It is shown to you once, when the job has ended."),
    icon="key",
    folded=True,
    follows=True,
    suits=alive,
    inputs=(Input(wire="password", label=_("New password"), help=_("Empty: one is made.")),),
)
RESET_KEYS = Operation(
    command="resetSSHKeyForVirtualMachine",
    label=_("Replace SSH keys"),
    help=_("The machine takes exactly these keys at its next start."),
    icon="key",
    folded=True,
    follows=True,
    suits=alive,
    rehearse=lambda row: {"keypairs": row["keypairs"]} if row.get("keypairs") else {},
    inputs=(Input(wire="keypairs", label=KEYS.label, options=KEYS.options, several=True, nothing=KEYS.nothing),),
)
RESET_USER_DATA = Operation(
    command="resetUserDataForVirtualMachine",
    label=_("Replace user data"),
    help=_("The machine reads it at its next start, as if that were its first one."),
    icon="script",
    folded=True,
    suits=alive,
    done=_("It has other user data now"),
    inputs=(
        Input(wire="userdataid", label=_("Stored user data"), options=Listed(command="listUserData")),
        Input(wire="userdata", label=_("Or text"), help=USER_DATA_HELP, rows=6, sent=encoded),
    ),
)
AFFINITY = Operation(
    command="updateVMAffinityGroup",
    label=_("Affinity groups"),
    help=_("A stopped machine is put into exactly these groups."),
    icon="group",
    folded=True,
    suits=alive,
    inputs=(
        Input(
            wire="affinitygroupids",
            label=_("Groups"),
            options=Listed(command="listAffinityGroups", hint=lambda row: row.get("type", "")),
            several=True,
            initial=_groups,
            nothing=_("You have none. Make one under “Affinity groups”."),
        ),
    ),
)
LEASE = Operation(
    command="updateVirtualMachine",
    address="lease",
    label=_("Lease"),
    help=_("After this time the machine is stopped or destroyed by itself."),
    icon="calendar",
    folded=True,
    suits=lambda row: alive(row) and leases(),
    rehearse=_name,
    done=_("Its lease is changed"),
    inputs=(
        Input(
            wire="leaseduration",
            label=_("Days from now"),
            help=_("-1: no lease any more."),
            initial=lambda row: row.get("leaseduration"),
            required=True,
        ),
        Input(
            wire="leaseexpiryaction",
            label=_("Then"),
            options=LEASE_ENDS,
            initial=lambda row: row.get("leaseexpiryaction"),
        ),
    ),
)
INSERT_DISC = Operation(
    command="attachIso",
    parameter="virtualmachineid",
    label=_("Insert ISO"),
    help=_("Puts a disc into its drive, in place of the one that is in it."),
    icon="disc",
    folded=True,
    suits=alive,
    inputs=(
        Input(
            wire="id",
            label=_("ISO"),
            options=Listed(
                command="listIsos",
                params={"isofilter": "executable"},
                takes=IN_ITS_ZONE,
                hint=words.image,
                suits=lambda row: bool(row.get("isready")),
            ),
            nothing=_("There is no ISO that you may use in this zone."),
        ),
    ),
)
EJECT_DISC = Operation(
    command="detachIso",
    parameter="virtualmachineid",
    label=_("Eject ISO"),
    icon="disc",
    folded=True,
    suits=lambda row: alive(row) and bool(row.get("isoid")),
)

OPERATIONS = (
    START, STOP, REBOOT, RECOVER, RESIZE, EDIT, REINSTALL, DESTROY, EXPUNGE,
    FORCED_STOP, FORCED_REBOOT, RESET_PASSWORD, RESET_KEYS, RESET_USER_DATA, AFFINITY, LEASE, INSERT_DISC, EJECT_DISC,
)  # fmt: skip
