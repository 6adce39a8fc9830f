"""The zone that clients offer an account first."""

from django.db import transaction

from apps.accounts import events
from apps.accounts.models import Account
from apps.infrastructure.models import Zone
from cloudstack.framework.context import Caller
from cloudstack.framework.errors import InvalidParameter
from cloudstack.framework.jobs import AsyncJob, dispatch
from cloudstack.framework.models import CloudModel, on_removal


class AccountZoneManager:
    """Notes default zones."""

    @transaction.atomic
    def mark(self, *, caller: Caller, account: Account, zone: Zone) -> AsyncJob:
        """Have ``zone`` noted for ``account``, which must be able to use it."""
        if zone.domain is not None and not account.domain.path.startswith(zone.domain.path):
            raise InvalidParameter(
                f"zone {zone} is kept for domain {zone.domain}; account {account.name} cannot use it",
                parameter="zoneid",
            )
        return dispatch(
            "infrastructure.account.mark_default_zone",
            caller=caller,
            exclusive=[f"account:{account.uuid}"],
            resource=account,
            arguments={"account_uuid": str(account.uuid), "zone_uuid": str(zone.uuid)},
            description=f"zone {zone} becomes the default of account {account.name}",
            event_type=events.ACCOUNT_MARK_DEFAULT_ZONE,
        )


def _forget(row: CloudModel) -> None:
    """A zone that is gone is nobody's default."""
    if isinstance(row, Zone):
        Account.objects.filter(default_zone_uuid=row.uuid).update(default_zone_uuid=None)


on_removal(_forget)
