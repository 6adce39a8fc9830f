"""Whoever adds an entity says whether it can belong to somebody; tests of the walls between tenants need it."""

from cloudstack.api.entities import all_entities
from tests.support.owned import BY_NAME, OWNED, UNOWNED


def test_every_entity_is_known_here() -> None:
    """A new entity is put into a table of tests/support/owned.py by hand; the tenant matrix reads them."""
    names = {entity.model.__name__ for entity in all_entities()}
    assert names <= {model.__name__ for model in OWNED} | UNOWNED | BY_NAME
