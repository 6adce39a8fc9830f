"""Cups for tests, also for those of the core that go through all models."""

from typing import Any

from plugins.features.coffee.models import Coffee, Offering, Size


def coffee(account: Any, name: str = "mine") -> Coffee:
    """A cup that nobody has begun to brew and that no limit counts."""
    return Coffee.objects.create(
        account=account, domain=account.domain, name=name, offering=Offering.LATTE, size=Size.MEDIUM
    )


OWNED = {Coffee: lambda owner: coffee(owner.account, f"of {owner.username}")}
