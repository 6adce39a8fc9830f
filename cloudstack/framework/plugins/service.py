"""Chooses which plugins are loaded from the next start on."""

from pathlib import Path

from django.conf import settings
from django.db import transaction

from cloudstack.framework.context import Caller
from cloudstack.framework.errors import InvalidParameter, PermissionDenied, ResourceInUse, ResourceUnavailable
from cloudstack.framework.events.bus import publish
from cloudstack.framework.events.types import event_type
from cloudstack.framework.plugins.manager import PluginStatus, pm
from cloudstack.framework.plugins.uses import uses_of
from cloudstack.runtime import plugin_choice

PLUGIN_ENABLE = event_type("PLUGIN.ENABLE", "a plugin is to be loaded from the next start on")
PLUGIN_DISABLE = event_type("PLUGIN.DISABLE", "a plugin is not to be loaded from the next start on")


class PluginChoiceManager:
    """The one place that writes the choice. It changes nothing in running processes."""

    def disable(self, *, caller: Caller, name: str, typed: str = "") -> None:
        """Leave the plugin out from the next start on; its tables stay.

        Raises ``ResourceInUse`` while something uses it, unless ``typed`` is its name.
        """
        self._ensure_free(caller)
        self._known(name)
        uses = uses_of(name)
        if uses and typed != name:
            raise ResourceInUse(
                f"plugin {name} is used by {', '.join(uses)}; type its name to disable it all the same",
                parameter="typed",
            )
        used = f", although it is used by {', '.join(uses)}" if uses else ""
        self._write(caller, name, PLUGIN_DISABLE, f"plugin {name} is disabled from the next start on{used}")

    def enable(self, *, caller: Caller, name: str) -> None:
        """Load the plugin again from the next start on."""
        self._ensure_free(caller)
        self._known(name)
        self._write(caller, name, PLUGIN_ENABLE, f"plugin {name} is enabled from the next start on")

    def refusal(self, *, caller: Caller) -> str:
        """Why nothing can be chosen here; empty when it can."""
        try:
            self._ensure_free(caller)
        except (PermissionDenied, ResourceUnavailable) as refused:
            return refused.message
        return ""

    def _write(self, caller: Caller, name: str, event: str, text: str) -> None:
        """The event and the file together: the file last, since it cannot be rolled back."""
        try:
            with transaction.atomic(), plugin_choice.changing(data_folder()) as names:
                publish(event, caller=caller, description=text, resource_type="Plugin", resource_name=name)
                names.add(name) if event == PLUGIN_DISABLE else names.discard(name)
        except OSError as error:
            raise ResourceUnavailable(
                f"the choice cannot be kept in {data_folder()}: {error.strerror or error}"
            ) from None

    def _known(self, name: str) -> PluginStatus:
        status = pm.statuses.get(name)
        if status is None:
            raise InvalidParameter(f"there is no plugin named {name!r}", parameter="name")
        return status

    def _ensure_free(self, caller: Caller) -> None:
        if not caller.is_root_admin:
            raise PermissionDenied("Plugins are chosen by root admins only")
        if settings.PLUGIN_CHOICE.by_environment:
            raise ResourceUnavailable(
                f"{plugin_choice.VARIABLE} is set where the portal was started, and it wins: take it out of the "
                "environment to choose here"
            )


def data_folder() -> Path:
    folder: Path = settings.DATA_DIR
    return folder
