"""Operator settings."""

from typing import Any

from apps.accounts.models import Account, Domain
from apps.infrastructure.models import Cluster, Zone
from apps.storage.models import StoragePool
from cloudstack.api import BOOL, ROOT, STRING, BaseCmd, BaseListCmd, Field, Ref, Response, Str
from cloudstack.framework.configuration import ConfigKey, Scope
from cloudstack.framework.configuration.registry import all_keys
from cloudstack.framework.configuration.service import ConfigurationManager
from cloudstack.framework.errors import InvalidParameter

TYPE_NAMES = {int: "Number", float: "Decimal", bool: "Boolean", str: "String"}


class ConfigurationResponse(Response):
    object_name = "configuration"

    category = Field(type=STRING, help="what it belongs to")
    setting = Field(wire="name", type=STRING, help="name of the setting")
    value = Field(type=STRING, help="the value in force in the scope asked for")
    defaultvalue = Field(type=STRING, help="the value that it has from the start")
    description = Field(type=STRING, help="what it decides, with its unit")
    scope = Field(type=STRING, help="where it may have a value of its own")
    kind = Field(wire="type", type=STRING, help="Number, Decimal, Boolean, String or Select")
    options = Field(type=STRING, help="the values that it can have")
    isdynamic = Field(type=BOOL, help="whether a change works at once")


def shown(key: ConfigKey, scope_uuid: Any) -> dict[str, Any]:
    """One setting as ``ConfigurationResponse`` says. The value of a secret one is never shown."""
    value = key.value(scope_uuid)
    body = {
        "category": key.category,
        "name": key.name,
        "value": "****" if key.secret else key.text(value),
        "defaultvalue": "" if key.secret else key.text(key.initial),
        "description": key.description,
        "scope": str(key.scope),
        "type": "Select" if key.choices else TYPE_NAMES[key.type],
        "isdynamic": True,
    }
    if key.choices:
        body["options"] = ",".join(key.choices)
    return body


class _Scoped(BaseCmd):
    """A command on settings of one scope at most."""

    abstract = True
    roles = ROOT
    response = ConfigurationResponse

    zone = Ref("zoneid", Zone, help="as it is for this zone")
    cluster = Ref("clusterid", Cluster, help="as it is for this cluster")
    pool = Ref("storageid", StoragePool, help="as it is for this storage pool")
    account = Ref("accountid", Account, help="as it is for this account")
    domain = Ref("domainid", Domain, help="as it is for this domain")

    def scope(self) -> tuple[Scope, Any]:
        """The one scope that is named; raises ``InvalidParameter`` for several."""
        named = {
            Scope.ZONE: self.zone,
            Scope.CLUSTER: self.cluster,
            Scope.POOL: self.pool,
            Scope.ACCOUNT: self.account,
            Scope.DOMAIN: self.domain,
        }
        found = [(scope, thing.uuid) for scope, thing in named.items() if thing is not None]
        if len(found) > 1:
            raise InvalidParameter("name one of zoneid, clusterid, storageid, accountid and domainid, not several")
        return found[0] if found else (Scope.GLOBAL, None)


class ListConfigurations(_Scoped, BaseListCmd):
    """Lists the settings of the platform with their values."""

    id_filter = ids_filter = None

    setting = Str("name", help="this setting only")
    category = Str("category", help="settings of this category")

    def queryset(self) -> list[dict[str, Any]]:
        scope, uuid = self.scope()
        word = (self.keyword or "").lower()
        return [
            shown(key, uuid)
            for key in all_keys()
            if (not self.setting or key.name == self.setting)
            and (not self.category or key.category.lower() == self.category.lower())
            and (scope == Scope.GLOBAL or key.scope == scope)
            and (not word or word in key.name.lower() or word in key.description.lower())
        ]


class UpdateConfiguration(_Scoped):
    """Changes a setting, for everything or for one zone, cluster, pool, domain or account."""

    event_type = "CONFIGURATION.VALUE.EDIT"

    setting = Str("name", required=True, help="name of the setting")
    value = Str("value", required=True, max_length=4096, help="the new value")

    def execute(self) -> dict[str, Any]:
        scope, uuid = self.scope()
        manager = ConfigurationManager()
        key = manager.update(caller=self.caller, name=self.setting, value=self.value, scope=scope, scope_uuid=uuid)
        return shown(key, uuid)


class ResetConfiguration(_Scoped):
    """Gives a setting back the value that it has from the start, or that of the wider scope."""

    event_type = "CONFIGURATION.VALUE.EDIT"

    setting = Str("name", required=True, help="name of the setting")

    def execute(self) -> dict[str, Any]:
        scope, uuid = self.scope()
        key = ConfigurationManager().reset(caller=self.caller, name=self.setting, scope=scope, scope_uuid=uuid)
        return shown(key, uuid)
