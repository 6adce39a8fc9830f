"""Intent on instance groups."""

from django.db import IntegrityError, transaction

from apps.accounts.models import Account
from apps.compute.models import InstanceGroup, VirtualMachine
from cloudstack.framework.context import Caller
from cloudstack.framework.errors import InvalidParameter


class InstanceGroupManager:
    """Names for some machines of an account."""

    def create(self, *, caller: Caller, owner: Account, name: str) -> InstanceGroup:
        """Raises ``InvalidParameter`` for a name that the account has already."""
        name = _checked(name)
        try:
            with transaction.atomic():
                return InstanceGroup.objects.create(account=owner, domain_id=owner.domain_id, name=name)
        except IntegrityError:
            raise self._taken(owner, name) from None

    def update(self, *, caller: Caller, group: InstanceGroup, name: str) -> InstanceGroup:
        group.name = _checked(name)
        try:
            with transaction.atomic():
                group.save(update_fields=["name"])
        except IntegrityError:
            raise self._taken(group.account, group.name) from None
        return group

    @transaction.atomic
    def delete(self, *, caller: Caller, group: InstanceGroup) -> None:
        """Its machines stay; they are in no group then."""
        group.mark_removed()
        VirtualMachine.objects.filter(group=group).update(group=None)

    def _taken(self, owner: Account, name: str) -> InvalidParameter:
        return InvalidParameter(f"account {owner} has an instance group named {name!r} already", parameter="name")


def group_named(*, owner: Account, name: str) -> InstanceGroup:
    """The owner's group of this name; it is made when there is none."""
    name = _checked(name)
    found = InstanceGroup.objects.filter(account=owner, name=name).first()
    if found is None:
        found, _ = InstanceGroup.objects.get_or_create(
            account=owner, name=name, removed=None, defaults={"domain_id": owner.domain_id}
        )
    return found


def _checked(name: str) -> str:
    if not name.strip():
        raise InvalidParameter("the name of an instance group is empty", parameter="name")
    return name.strip()
