"""The form that makes a machine."""

from django.utils.translation import gettext_lazy as _

from apps.compute.config import LEASE_ENABLED
from apps.compute.web import words
from cloudstack.pages import Input, Listed, Operation, Option
from cloudstack.pages.fields import encoded

ZONE, IMAGE, SIZE = _("Where"), _("Image"), _("Size")
DISKS, NETWORK, ACCESS, NAME, ADVANCED = _("Disks"), _("Network"), _("Access"), _("Name"), _("Further")
IN_ZONE = {"zoneid": "zoneid"}

KEYBOARDS = tuple(
    Option(code, label)
    for code, label in (
        ("us", _("English (US)")),
        ("uk", _("English (UK)")),
        ("de", _("German")),
        ("de-ch", _("Swiss German")),
        ("fr", _("French")),
        ("es", _("Spanish")),
        ("it", _("Italian")),
        ("pt", _("Portuguese")),
        ("jp", _("Japanese")),
    )
)


def leases() -> bool:
    """Whether machines have leases in this cloud."""
    return bool(LEASE_ENABLED.value())


LEASE_ENDS = (Option("STOP", _("stop it")), Option("DESTROY", _("destroy it")))

SIZE_OF_OWN = (
    Input(
        wire="details",
        part="cpuNumber",
        number=True,
        label=_("Cores"),
        help=_("Only for a size that says “you choose”: how many processor cores the machine gets."),
        group=SIZE,
        advanced=True,
    ),
    Input(
        wire="details",
        part="cpuSpeed",
        number=True,
        label=_("Speed of a core"),
        unit="MHz",
        help=_("Only for a size that leaves the speed to you."),
        group=SIZE,
        advanced=True,
    ),
    Input(
        wire="details",
        part="memory",
        number=True,
        label=_("Memory"),
        unit="MiB",
        help=_("Only for a size that says “you choose”. 1024 MiB are one GiB."),
        group=SIZE,
        advanced=True,
    ),
)

KEYS = Input(
    wire="keypairs",
    label=_("SSH keys"),
    help=_("Whoever has the private half can log in to the machine."),
    options=Listed(command="listSSHKeyPairs", value="name", hint=lambda row: row.get("fingerprint", "")),
    several=True,
    nothing=_("You have none yet. Add one under “SSH keys” to log in without a password."),
    group=ACCESS,
)
USER_DATA_HELP = _(
    "A script or a cloud-config that the machine reads when it starts for the first time, for instance to install "
    "programs. It begins with #! or #cloud-config."
)

INPUTS = (
    Input(
        wire="zoneid",
        label=_("Zone"),
        help=_("The place where the machine runs. Networks and disks stay in their zone."),
        options=Listed(command="listZones", params={"available": "true"}),
        first=True,
        reloads=_("Show what this zone offers"),
        group=ZONE,
        nothing=_("There is no zone yet. Ask the operator of the cloud."),
    ),
    Input(
        wire="templateid",
        label=_("Template or ISO"),
        help=_("A template holds an installed system that is ready at once; from an ISO you install one yourself."),
        options=(
            Listed(
                command="listTemplates",
                params={"templatefilter": "executable", "details": "min"},
                takes=IN_ZONE,
                hint=words.image,
                suits=lambda row: bool(row.get("isready")),
            ),
            Listed(
                command="listIsos",
                params={"isofilter": "executable", "bootable": "true"},
                takes=IN_ZONE,
                hint=words.image,
                suits=lambda row: bool(row.get("isready")),
            ),
        ),
        cards=True,
        group=IMAGE,
        nothing=_("This zone has no image yet. Register one under “Templates”, or ask the operator of the cloud."),
    ),
    Input(
        wire="hypervisor",
        label=_("Hypervisor"),
        help=_("Only for an ISO: what runs the machine. A template says it itself."),
        options=Listed(command="listHypervisors", takes=IN_ZONE, value="name", label=lambda row: row["name"]),
        unset=_("as the template says"),
        group=IMAGE,
        advanced=True,
    ),
    Input(
        wire="serviceofferingid",
        label=_("How large"),
        help=_("Cores and memory. A stopped machine can be made larger or smaller later."),
        options=Listed(command="listServiceOfferings", takes=IN_ZONE, hint=words.offering),
        cards=True,
        group=SIZE,
        nothing=_("This zone offers no size yet. Ask the operator of the cloud."),
    ),
    *SIZE_OF_OWN,
    Input(
        wire="rootdisksize",
        label=_("Size of the root disk"),
        unit="GiB",
        help=_("The disk with the system. Empty: as large as the image or the chosen size has it."),
        group=DISKS,
    ),
    Input(
        wire="diskofferingid",
        label=_("Data disk"),
        help=_("A second disk for your data, which can move to another machine. For an ISO: the root disk."),
        options=Listed(command="listDiskOfferings", takes=IN_ZONE, hint=words.disk_offering),
        unset=_("no data disk"),
        group=DISKS,
    ),
    Input(
        wire="size",
        label=_("Size of the data disk"),
        unit="GiB",
        help=_("Only where the data disk says “you choose its size”."),
        group=DISKS,
    ),
    Input(
        wire="networkids",
        label=_("Networks"),
        help=_(
            "The machine gets a network card in each. The first one is its way to the outside. "
            "None chosen: your only network in this zone."
        ),
        options=Listed(command="listNetworks", takes=IN_ZONE, hint=words.network),
        several=True,
        group=NETWORK,
        nothing=_("You have no network in this zone yet. Make one under “Networks” first."),
    ),
    Input(
        wire="ipaddress",
        label=_("Address"),
        help=_("Address in the first network. Empty: the next free one."),
        placeholder="10.1.1.20",
        group=NETWORK,
        advanced=True,
    ),
    KEYS,
    Input(
        wire="userdataid",
        label=_("Stored user data"),
        help=_("A start script that you have stored under “User data”."),
        options=Listed(command="listUserData"),
        group=ACCESS,
    ),
    Input(
        wire="userdata",
        label=_("User data"),
        help=USER_DATA_HELP,
        rows=5,
        sent=encoded,
        placeholder="#cloud-config",
        group=ACCESS,
        advanced=True,
    ),
    Input(
        wire="password",
        label=_("Password"),
        help=_("Of the machine's administrator, if the image takes one. Empty: one is made and shown to you once."),
        group=ACCESS,
        advanced=True,
    ),
    Input(
        wire="displayname",
        label=_("Name"),
        help=_("What you call the machine. It can be changed at any time."),
        placeholder=_("web server"),
        group=NAME,
    ),
    Input(
        wire="startvm",
        label=_("Start it at once"),
        help=_("Otherwise it is made and stays off until you start it."),
        initial=True,
        group=NAME,
    ),
    Input(
        wire="name",
        label=_("Host name"),
        help=_("The machine's name in its network: letters, digits and hyphens. Empty: one is made up."),
        placeholder="web-1",
        group=ADVANCED,
        advanced=True,
    ),
    Input(
        wire="group",
        label=_("Group"),
        help=_("Machines of a group stand together in lists. A group that does not exist yet is made."),
        group=ADVANCED,
        advanced=True,
    ),
    Input(
        wire="affinitygroupids",
        label=_("Affinity groups"),
        help=_("Have the machine run on the same host as others, or on another one than they do."),
        options=Listed(command="listAffinityGroups", hint=lambda row: row.get("type", "")),
        several=True,
        nothing=_("You have none."),
        group=ADVANCED,
        advanced=True,
    ),
    Input(
        wire="leaseduration",
        offered=leases,
        label=_("Lease"),
        unit=_("days"),
        help=_(
            "After this time the machine is stopped or destroyed by itself. Empty: as its size has it, mostly never."
        ),
        group=ADVANCED,
        advanced=True,
    ),
    Input(
        wire="leaseexpiryaction",
        offered=leases,
        label=_("When the lease is over"),
        options=LEASE_ENDS,
        unset=_("as the size has it"),
        group=ADVANCED,
        advanced=True,
    ),
    Input(
        wire="keyboard",
        label=_("Keyboard"),
        help=_("Layout of the keyboard that you type on at the console."),
        options=KEYBOARDS,
        unset=_("the usual one"),
        group=ADVANCED,
        advanced=True,
    ),
    Input(
        wire="dynamicscalingenabled",
        label=_("May grow while it runs"),
        help=_("Where the size and the hypervisor allow it."),
        group=ADVANCED,
        advanced=True,
    ),
    Input(
        wire="copyimagetags",
        label=_("Take over the tags of the image"),
        group=ADVANCED,
        advanced=True,
    ),
)

DEPLOY = Operation(
    command="deployVirtualMachine",
    label=_("New instance"),
    icon="plus",
    help=_("Choose an image, a size and a network; everything else can stay as it is."),
    inputs=INPUTS,
    template="portal/deploy.html",
    done=_("Your machine is being made"),
    main=True,
)
