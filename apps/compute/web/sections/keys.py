"""SSH key pairs on the users' pages."""

from django.utils.translation import gettext_lazy as _

from apps.compute.web.owners import named
from apps.compute.web.panels import machines
from cloudstack.pages import Column, Input, Kind, Operation, Section, register

NAME = Input(wire="name", label=_("Name"), help=_("What you call the key."), placeholder=_("laptop"))


@register
class SshKeys(Section):
    slug = "keys"
    title = _("SSH keys")
    singular = _("SSH key")
    group = _("Compute")
    order = 40
    icon = "key"
    help = _(
        "With a key you log in to your machines without a password: they get its public half, you keep the private."
    )
    empty = _("Add the public half of a key that you have, or have a new one made.")
    lists = "listSSHKeyPairs"
    state = ""
    columns = (
        Column(wire="name", label=_("Name")),
        Column(wire="fingerprint", label=_("Fingerprint"), kind=Kind.CODE),
    )
    facts = (
        Column(wire="fingerprint", label=_("Fingerprint"), kind=Kind.CODE),
        Column(wire="id", label=_("ID"), kind=Kind.CODE),
        Column(wire="project", label=_("Project")),
    )
    panels = (machines(lambda row: {"keypair": row["name"]}),)
    create = Operation(
        command="registerSSHKeyPair",
        label=_("Add a key"),
        icon="plus",
        help=_("Give the cloud the public half of a key that you have."),
        inputs=(
            NAME,
            Input(
                wire="publickey",
                label=_("Public key"),
                help=_("The line in the file that ends with .pub, for instance ~/.ssh/id_ed25519.pub."),
                rows=4,
                placeholder="ssh-ed25519 AAAA… you@laptop",
            ),
        ),
    )
    further_creates = (
        Operation(
            command="createSSHKeyPair",
            label=_("Have a key made"),
            icon="key",
            help=_("The private half is shown to you once and is not kept here."),
            inputs=(NAME,),
            shows_once=True,
            once={"privatekey": _("Private key"), "fingerprint": _("Fingerprint")},
        ),
    )
    operations = (
        Operation(
            command="deleteSSHKeyPair",
            label=_("Delete"),
            icon="trash",
            help=_("Machines that have it keep it."),
            params=named,
            bulk=True,
        ),
    )
