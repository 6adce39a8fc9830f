"""Operator settings."""

from typing import Any

from apps.accounts.models import Account, Domain
from apps.infrastructure.models import Cluster, Zone
from apps.portal.services.setting_groups import GROUPS, group_of
from apps.storage.models import ImageStore, StoragePool
from cloudstack.api import BOOL, LIST, LONG, ROOT, STRING, BaseCmd, BaseListCmd, Field, Ref, Response, Str
from cloudstack.framework.configuration import ConfigKey, Scope
from cloudstack.framework.configuration.registry import all_keys
from cloudstack.framework.configuration.service import ConfigurationManager
from cloudstack.framework.errors import InvalidParameter

TYPE_NAMES = {int: "Number", float: "Decimal", bool: "Boolean", str: "String"}


class ConfigurationResponse(Response):
    object_name = "configuration"

    category = Field(type=STRING, help="what it belongs to")
    group = Field(type=STRING, help="the group in which clients show it")
    subgroup = Field(type=STRING, help="the part of that group")
    setting = Field(wire="name", type=STRING, help="name of the setting")
    value = Field(type=STRING, help="the value in force in the scope asked for")
    defaultvalue = Field(type=STRING, help="the value that it has from the start")
    description = Field(type=STRING, help="what it decides, with its unit")
    displaytext = Field(type=STRING, help="its name in words")
    component = Field(type=STRING, help="the part of the platform, or the plugin, that declares it")
    parent = Field(type=STRING, help="the setting that switches what this one is about")
    scope = Field(type=STRING, help="where it may have a value of its own")
    kind = Field(wire="type", type=STRING, help="Number, Decimal, Boolean, String or Select")
    options = Field(type=STRING, help="the values that it can have")
    isdynamic = Field(type=BOOL, help="whether a change works at once")


def shown(key: ConfigKey, scope_uuid: Any) -> dict[str, Any]:
    """One setting as ``ConfigurationResponse`` says. The value of a secret one is never shown."""
    value = key.value(scope_uuid)
    group, subgroup = group_of(key)
    body = {
        "category": key.category,
        "group": group,
        "subgroup": subgroup,
        "displaytext": displayed(key),
        "component": key.component,
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
    if key.parent:
        body["parent"] = key.parent
    return body


def displayed(key: ConfigKey) -> str:
    """``max.account.user.vms`` → ``Max account user vms``."""
    return key.name.replace(".", " ").capitalize()


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
    image_store = Ref("imagestoreuuid", ImageStore, help="as it is for this image store")

    def scope(self) -> tuple[Scope, Any]:
        """The one scope that is named; raises ``InvalidParameter`` for several."""
        named = {
            Scope.ZONE: self.zone,
            Scope.CLUSTER: self.cluster,
            Scope.POOL: self.pool,
            Scope.ACCOUNT: self.account,
            Scope.DOMAIN: self.domain,
            Scope.IMAGE_STORE: self.image_store,
        }
        found = [(scope, thing.uuid) for scope, thing in named.items() if thing is not None]
        if len(found) > 1:
            raise InvalidParameter(
                "name one of zoneid, clusterid, storageid, accountid, domainid and the image store, not several"
            )
        return found[0] if found else (Scope.GLOBAL, None)


class ListConfigurations(_Scoped, BaseListCmd):
    """Lists the settings of the platform with their values."""

    id_filter = ids_filter = None

    setting = Str("name", help="this setting only")
    category = Str("category", help="settings of this category")
    group = Str("group", help="settings of this group, see listConfigurationGroups")
    subgroup = Str("subgroup", help="settings of this part of a group")
    parent = Str("parent", help="settings about what this setting switches")

    def queryset(self) -> list[dict[str, Any]]:
        scope, uuid = self.scope()
        word = (self.keyword or "").lower()
        return [
            shown(key, uuid)
            for key in all_keys()
            if (not self.setting or key.name == self.setting)
            and (not self.category or key.category.lower() == self.category.lower())
            and (scope == Scope.GLOBAL or key.scope == scope)
            and self._in_group(key)
            and (not self.parent or key.parent == self.parent)
            and (not word or word in key.name.lower() or word in key.description.lower())
        ]

    def _in_group(self, key: ConfigKey) -> bool:
        group, subgroup = group_of(key)
        return (not self.group or group.lower() == self.group.lower()) and (
            not self.subgroup or subgroup.lower() == self.subgroup.lower()
        )


class ConfigurationSubgroupResponse(Response):
    object_name = "subgroup"

    subgroup = Field(wire="name", type=STRING, help="its name")
    precedence = Field(type=LONG, help="its place among those of the group")


class ConfigurationGroupResponse(Response):
    object_name = "configurationgroup"

    group = Field(wire="name", type=STRING, help="its name")
    description = Field(type=STRING, help="what its settings are about")
    precedence = Field(type=LONG, help="its place among the groups")
    subgroup = Field(type=LIST, help="its parts, each with name and precedence")


class ListConfigurationGroups(BaseListCmd):
    """Lists the groups in which clients show settings."""

    roles = ROOT
    response = ConfigurationGroupResponse
    id_filter = ids_filter = None

    group = Str("group", help="this group only")

    def queryset(self) -> list[dict[str, Any]]:
        word = (self.keyword or "").lower()
        return [
            {
                "name": group.name,
                "description": group.description,
                "precedence": place,
                "subgroup": [{"name": name, "precedence": part} for part, name in enumerate(group.subgroups, start=1)],
            }
            for place, group in enumerate(GROUPS, start=1)
            if (not self.group or group.name.lower() == self.group.lower())
            and (not word or word in group.name.lower() or word in group.description.lower())
        ]


def not_empty(value: str) -> None:
    if not value:
        raise ValueError("it is empty; resetConfiguration gives a setting back the value that it has from the start")


class UpdateConfiguration(_Scoped):
    """Changes a setting, for everything or for one zone, cluster, pool, domain or account."""

    event_type = "CONFIGURATION.VALUE.EDIT"

    setting = Str("name", required=True, help="name of the setting")
    value = Str("value", required=True, max_length=4096, validate=not_empty, help="the new value")

    def execute(self) -> dict[str, Any]:
        scope, uuid = self.scope()
        manager = ConfigurationManager()
        key = manager.update(caller=self.caller, name=self.setting, value=self.value, scope=scope, scope_uuid=uuid)
        return shown(key, uuid)


class ResetConfiguration(_Scoped):
    """Gives a setting back the value that it has from the start, or that of the wider scope."""

    event_type = "CONFIGURATION.VALUE.EDIT"

    image_store_id = Ref("imagestoreid", ImageStore, help="the same as imagestoreuuid, as this command names it")
    setting = Str("name", required=True, help="name of the setting")

    def execute(self) -> dict[str, Any]:
        self.image_store = self.image_store or self.image_store_id
        scope, uuid = self.scope()
        key = ConfigurationManager().reset(caller=self.caller, name=self.setting, scope=scope, scope_uuid=uuid)
        return shown(key, uuid)
