"""Changes settings."""

from typing import Any

from django.db import transaction
from django.utils import timezone

from cloudstack.framework.configuration import registry, store
from cloudstack.framework.configuration.keys import ConfigKey, Scope
from cloudstack.framework.configuration.models import ConfigValue
from cloudstack.framework.context import Caller
from cloudstack.framework.errors import InvalidParameter
from cloudstack.framework.events.bus import publish
from cloudstack.framework.events.types import event_type

CONFIGURATION_VALUE_EDIT = event_type("CONFIGURATION.VALUE.EDIT", "a setting was changed")


class ConfigurationManager:
    """Writes values of declared settings."""

    def key(self, name: str) -> ConfigKey:
        """Raises ``InvalidParameter`` when no component declares ``name``."""
        key = registry.get(name)
        if key is None:
            raise InvalidParameter(f"there is no setting named {name!r}; see listConfigurations", parameter="name")
        return key

    @transaction.atomic
    def update(
        self, *, caller: Caller, name: str, value: str, scope: Scope = Scope.GLOBAL, scope_uuid: Any = None
    ) -> ConfigKey:
        """Set ``name`` in one scope; raises ``InvalidParameter`` for a wrong type or scope."""
        key = self._key_in_scope(name, scope, scope_uuid)
        typed = key.cast(value)
        before = self._shown(key, scope, scope_uuid)
        ConfigValue.objects.update_or_create(
            name=name,
            scope=str(scope),
            scope_uuid=str(scope_uuid or ""),
            defaults={"value": store.conceal(key, key.text(typed)), "updated": timezone.now()},
        )
        store.forget()
        self._tell(caller, key, "set", before, self._shown(key, scope, scope_uuid), scope, scope_uuid)
        transaction.on_commit(store.forget)
        store.forget()
        return key

    @transaction.atomic
    def reset(self, *, caller: Caller, name: str, scope: Scope = Scope.GLOBAL, scope_uuid: Any = None) -> ConfigKey:
        """Go back to the value of the wider scope or the default."""
        key = self._key_in_scope(name, scope, scope_uuid)
        before = self._shown(key, scope, scope_uuid)
        ConfigValue.objects.filter(name=name, scope=str(scope), scope_uuid=str(scope_uuid or "")).delete()
        store.forget()
        self._tell(caller, key, "reset", before, self._shown(key, scope, scope_uuid), scope, scope_uuid)
        transaction.on_commit(store.forget)
        store.forget()
        return key

    def _shown(self, key: ConfigKey, scope: Scope, scope_uuid: Any) -> str:
        """The value in force there as it may be told."""
        value = key.value(scope_uuid if scope != Scope.GLOBAL else None)
        return repr(value) if key.type is str else key.text(value)

    def _tell(
        self, caller: Caller, key: ConfigKey, what: str, before: str, after: str, scope: Scope, scope_uuid: Any
    ) -> None:
        """The history of settings: who changed what from which value to which, and where."""
        where = f" for {scope} {scope_uuid}" if scope_uuid else ""
        values = "to ****" if key.secret else f"from {before} to {after}"
        publish(
            CONFIGURATION_VALUE_EDIT,
            caller=caller,
            description=f"{key.name} {what} {values}{where}",
            resource_type="Configuration",
            resource_name=key.name,
        )

    def _key_in_scope(self, name: str, scope: Scope, scope_uuid: Any) -> ConfigKey:
        key = self.key(name)
        if scope not in (Scope.GLOBAL, key.scope):
            raise InvalidParameter(f"{name} can be set per {key.scope}, not per {scope}", parameter="name")
        if (scope == Scope.GLOBAL) == bool(scope_uuid):
            wanted = "no object" if scope == Scope.GLOBAL else f"the {scope} that it is for"
            raise InvalidParameter(f"setting {name} in scope {scope} needs {wanted}", parameter="name")
        return key
