"""Every model has an admin page, and the migrations say what the models say."""

import pytest
from django.apps import apps
from django.contrib import admin
from django.core.management import call_command
from django.db.models import Model

from apps.accounts.services.holdings import owned_models, pointing_models
from apps.accounts.services.removal import has_remover

OURS = ("cloudstack.", "apps.", "plugins.")
# Label of the model: why an operator needs no page of its own for it.
EXEMPT: dict[str, str] = {}


def our_models() -> list[type[Model]]:
    return [model for model in apps.get_models() if model.__module__.startswith(OURS)]


def test_there_are_models() -> None:
    assert our_models()


def test_every_model_is_registered_in_the_admin() -> None:
    missing = {model._meta.label for model in our_models() if not admin.site.is_registered(model)}
    assert missing - set(EXEMPT) == set()


def test_every_exemption_is_still_needed_and_says_why() -> None:
    labels = {model._meta.label for model in our_models()}
    for label, reason in EXEMPT.items():
        assert label in labels and not admin.site.is_registered(apps.get_model(label)), label
        assert len(reason) > 15, label


REGISTERED = [model for model in our_models() if admin.site.is_registered(model)]


@pytest.mark.parametrize("model", REGISTERED, ids=lambda model: model._meta.label)
def test_every_admin_page_has_columns_and_search(model: type[Model]) -> None:
    page = admin.site.get_model_admin(model)
    assert tuple(page.list_display) != ("__str__",), "list_display"
    assert page.search_fields, "search_fields"


@pytest.mark.django_db
def test_no_migration_is_missing() -> None:
    call_command("makemigrations", check=True, dry_run=True, verbosity=1)


def test_every_owned_model_says_how_it_goes_with_its_owner() -> None:
    """Whoever deletes an account, a project or a domain deletes this too: ``register_remover`` in ``ready()``."""
    assert [model._meta.label for model in pointing_models() if not has_remover(model)] == []
    assert set(owned_models()) <= set(pointing_models())
    assert len(list(owned_models())) >= 5
