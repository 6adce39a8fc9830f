"""The end of accounts that own nothing any more: users, keys, limits and figures go with the row."""

from apps.accounts.models import ProjectInvitation, ProjectMember, ResourceLimit, User
from apps.accounts.services.counting import forget_counters
from apps.accounts.services.removal import Owners, contents
from apps.accounts.services.users import remove_user
from cloudstack.framework.errors import StaleState


def close_accounts(owners: Owners) -> None:
    """Mark the accounts and their users removed, in the running transaction; nothing is shared with them any more.

    Raises ``StaleState`` when something has been added a moment ago.
    """
    # Whoever takes the first thing of a kind locks the account, whoever takes more locks its counters: what they make
    # is either seen here or refused there.
    accounts = list(
        owners.accounts.select_for_update(of=("self",), no_key=True).select_related("domain", "group").order_by("pk")
    )
    for account in accounts:
        forget_counters(account)
    late = list(contents(owners))
    if late:
        raise StaleState(f"{owners.title} has got {', '.join(late)} in the meantime")
    for account in accounts:
        for user in User.objects.filter(account=account):
            remove_user(user)
        ProjectMember.objects.filter(account=account).delete()
        ProjectInvitation.objects.filter(account=account).delete()
        account.group.groupobjectpermission_set.all().delete()
        ResourceLimit.objects.filter(account=account).delete()
        account.mark_removed(cleanup_needed=False)
