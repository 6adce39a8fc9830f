"""The template that machines stand on which nobody deployed: it holds nothing and makes no further ones."""

import uuid

from apps.accounts.models import Account
from apps.storage.models import Template
from apps.storage.states import TemplateState, TemplateType

NAMESPACE = uuid.UUID("5b0a1c57-6c43-4a6e-9d0c-0d4f2f5a9be1")


def imported_template(hypervisor: str) -> Template:
    """The one of ``hypervisor``, made when the first machine needs it. It is the platform's, and nobody is shown it."""
    owner = Account.objects.filter(is_system=True).order_by("pk").select_related("domain").get()
    template, _ = Template.objects.get_or_create(
        uuid=uuid.uuid5(NAMESPACE, hypervisor),
        defaults={
            "name": f"Imported machines of {hypervisor}",
            "display_text": "Stands for the template of machines that were taken over; holds nothing",
            "account": owner,
            "domain": owner.domain,
            "hypervisor": hypervisor,
            "format": "RAW",
            "bootable": False,
            "is_cross_zone": True,
            "type": TemplateType.SYSTEM,
            "state": TemplateState.ACTIVE,
        },
    )
    return template
