"""Changes settings."""

from typing import Any

from django.db import transaction
from django.utils import timezone

from cloudstack.framework.configuration import registry, store
from cloudstack.framework.configuration.keys import ConfigKey, Scope
from cloudstack.framework.configuration.models import ConfigValue, SettingChange
from cloudstack.framework.context import Caller, correlation_id, current_door
from cloudstack.framework.errors import InvalidParameter
from cloudstack.framework.events.bus import publish
from cloudstack.framework.events.types import event_type

CONFIGURATION_VALUE_EDIT = event_type("CONFIGURATION.VALUE.EDIT", "a setting was changed")


class ConfigurationManager:
    """Writes values of declared settings, and their history with them."""

    def key(self, name: str) -> ConfigKey:
        """Raises ``InvalidParameter`` when no component declares ``name``."""
        key = registry.get(name)
        if key is None:
            raise InvalidParameter(f"there is no setting named {name!r}; see listConfigurations", parameter="name")
        return key

    @transaction.atomic
    def update(
        self, *, caller: Caller | None, name: str, value: str, scope: Scope = Scope.GLOBAL, scope_uuid: Any = None
    ) -> ConfigKey:
        """Set ``name`` in one scope, for the platform itself where ``caller`` is None.

        Raises ``InvalidParameter`` for a wrong type or scope.
        """
        key = self._key_in_scope(name, scope, scope_uuid)
        text = key.text(key.cast(value))
        stored, before = self._as_it_is(key, scope, scope_uuid)
        now = {"value": store.conceal(key, text), "updated": timezone.now()}
        ConfigValue.objects.update_or_create(
            name=name, scope=str(scope), scope_uuid=str(scope_uuid or ""), defaults=now
        )
        self._changed(caller, key, scope, scope_uuid, stored=stored, before=before, text=text)
        return key

    @transaction.atomic
    def reset(
        self, *, caller: Caller | None, name: str, scope: Scope = Scope.GLOBAL, scope_uuid: Any = None
    ) -> ConfigKey:
        """Go back to the value of the wider scope or the default."""
        key = self._key_in_scope(name, scope, scope_uuid)
        stored, before = self._as_it_is(key, scope, scope_uuid)
        ConfigValue.objects.filter(name=name, scope=str(scope), scope_uuid=str(scope_uuid or "")).delete()
        self._changed(caller, key, scope, scope_uuid, stored=stored, before=before, text=None)
        return key

    def _as_it_is(self, key: ConfigKey, scope: Scope, scope_uuid: Any) -> tuple[str | None, Any]:
        """The text that is set in the scope, if one is, and the value in force there; nobody changes it meanwhile."""
        rows = ConfigValue.objects.select_for_update().filter(
            name=key.name, scope=str(scope), scope_uuid=str(scope_uuid or "")
        )
        row = rows.first()
        # Another process may have changed it a moment ago; the history tells what was, not what was thought.
        store.forget()
        return (None if row is None else store.reveal(key, row.value)), self._in_force(key, scope, scope_uuid)

    def _changed(
        self, caller: Caller | None, key: ConfigKey, scope: Scope, scope_uuid: Any, *, stored: str | None, before: Any,
        text: str | None,
    ) -> None:  # fmt: skip
        """Tell and write down a change from ``stored`` to ``text`` (None: not set), once it is in the table."""
        store.forget()
        after = self._in_force(key, scope, scope_uuid)
        self._tell(caller, key, "reset" if text is None else "set", before, after, scope, scope_uuid)
        if stored != text:
            SettingChange.objects.create(
                name=key.name,
                scope=str(scope),
                scope_uuid=str(scope_uuid or ""),
                secret=key.secret,
                before="" if key.secret else key.text(before) if stored is None else stored,
                before_set=stored is not None,
                after="" if key.secret else key.text(after) if text is None else text,
                after_set=text is not None,
                door=current_door(),
                user_id=(caller.user_id or None) if caller else None,
                user_name=caller.username if caller else "",
                correlation_id=correlation_id(),
            )
        transaction.on_commit(store.forget)
        store.forget()

    def _in_force(self, key: ConfigKey, scope: Scope, scope_uuid: Any) -> Any:
        return key.value(scope_uuid if scope != Scope.GLOBAL else None)

    def _tell(
        self, caller: Caller | None, key: ConfigKey, what: str, before: Any, after: Any, scope: Scope, scope_uuid: Any
    ) -> None:
        """The event: who changed what from which value to which, and where."""
        where = f" for {scope} {scope_uuid}" if scope_uuid else ""
        values = "to ****" if key.secret else f"from {_shown(key, before)} to {_shown(key, after)}"
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


def _shown(key: ConfigKey, value: Any) -> str:
    return repr(value) if key.type is str else key.text(value)
