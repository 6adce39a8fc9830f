"""Discovery before Django: reads manifests, then tries whether each plugin's app can be made.

Plugins are found as ``plugins/<kind>/<name>/plugin.toml`` and through the entry-point group
``cloudstack.plugins`` of installed packages. What is wrong with one is kept for the operator to see.
"""

import tomllib
from collections.abc import Collection
from dataclasses import dataclass, field, replace
from enum import StrEnum
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from typing import Any

from packaging.specifiers import InvalidSpecifier, SpecifierSet

from cloudstack import __version__

ENTRY_POINT_GROUP = "cloudstack.plugins"


class Fault(StrEnum):
    """Why a plugin is not in service."""

    DISABLED = "disabled"
    """The operator wants it so."""
    UNUSABLE = "not usable"
    """It is sound, but what it needs is not there."""
    BROKEN = "broken"


@dataclass(frozen=True)
class Manifest:
    """What is known of a plugin before any of its code runs."""

    name: str
    app_config: str
    origin: str
    version: str = ""
    requires: tuple[str, ...] = ()
    default_settings: dict[str, Any] = field(default_factory=dict)
    """Operator settings by name, with the defaults that they have while this plugin is in service."""
    core: str = ""
    """Versions of the platform that it is made for, as in ``>=0.1,<2`` (PEP 440); empty: any."""
    error: str = ""
    kind: str = ""
    """The folder above its own (``hypervisors``); empty for installed packages."""
    description: str = ""
    fault: Fault = Fault.BROKEN
    """What its ``error`` means."""


class _MadeForOthers(ValueError):
    """A plugin for other versions of the platform."""


def read_manifest(path: Path) -> Manifest:
    """Read one ``plugin.toml``; a broken one becomes a manifest that carries its error."""
    name, kind = path.parent.name, path.parent.parent.name
    try:
        data = tomllib.loads(path.read_text(encoding="utf-8")).get("plugin")
        if not isinstance(data, dict):
            raise ValueError("the manifest has no table [plugin]")
        if data["name"] != name:
            raise ValueError(f"the manifest says name = {data['name']!r}, the folder is {name!r}")
        core = _of_type(data, "core", str, "")
        if __version__ not in SpecifierSet(core, prereleases=True):
            raise _MadeForOthers(f"it is made for versions {core} of the platform; this is {__version__}")
        return Manifest(
            name=name,
            app_config=_of_type(data, "app_config", str),
            origin="folder",
            version=str(data.get("version", "")),
            requires=tuple(_of_type(data, "requires", list, [])),
            default_settings=_of_type(data, "default_settings", dict, {}),
            core=core,
            kind=kind,
            description=str(data.get("description", "")),
        )
    except _MadeForOthers as error:
        return Manifest(name, "", "folder", error=str(error), kind=kind, fault=Fault.UNUSABLE)
    except InvalidSpecifier as error:
        return Manifest(name, "", "folder", error=f"core must be like '>=0.1,<2': {error}", kind=kind)
    except (tomllib.TOMLDecodeError, KeyError, ValueError, OSError) as error:
        reason = f"{path.name} lacks {error}" if isinstance(error, KeyError) else str(error)
        return Manifest(name, "", "folder", error=reason, kind=kind)


def _of_type(data: dict[str, Any], key: str, kind: type, default: Any = None) -> Any:
    value = data[key] if default is None else data.get(key, default)
    if not isinstance(value, kind):
        raise ValueError(f"{key} must be a {kind.__name__}, not {value!r}")
    return value


def discover(folder: Path, disabled: Collection[str] = ()) -> list[Manifest]:
    """All plugins, broken ones included; those in ``disabled`` carry that as their error."""
    found: dict[str, Manifest] = {}
    for path in sorted(folder.glob("*/*/plugin.toml")):
        manifest = read_manifest(path)
        _add(found, manifest, "two folders have this name")
    for entry in entry_points(group=ENTRY_POINT_GROUP):
        twice = found.get(entry.name)
        folder_too = twice is not None and twice.origin == "folder"
        clash = "is both a folder and an installed package" if folder_too else "two installed packages have this name"
        _add(found, _manifest_of(entry), clash)
    for name in disabled:
        if name in found:
            found[name] = replace(found[name], error="disabled by the operator", fault=Fault.DISABLED)
    return _without_orphans(list(found.values()))


def _add(found: dict[str, Manifest], manifest: Manifest, clash: str) -> None:
    if manifest.name in found:
        manifest = Manifest(manifest.name, "", manifest.origin, error=clash)
    found[manifest.name] = manifest


def _manifest_of(entry: EntryPoint) -> Manifest:
    version = entry.dist.version if entry.dist else ""
    return Manifest(entry.name, entry.value.replace(":", "."), "package", version)


def checked(manifests: Collection[Manifest]) -> list[Manifest]:
    """The same plugins; those whose app cannot be made carry the reason. Runs the plugins' ``apps.py``.

    For settings: a plugin that cannot even be imported must not keep the portal from starting.
    """
    return _without_orphans([manifest if manifest.error else _tried(manifest) for manifest in manifests])


def _tried(manifest: Manifest) -> Manifest:
    from django.apps import AppConfig

    from cloudstack.framework.plugins.config import PluginConfig

    try:
        config = AppConfig.create(manifest.app_config)
    except Exception as error:  # any fault of the plugin's own code
        return replace(manifest, error=f"{manifest.app_config}: {type(error).__name__}: {error}")
    if not isinstance(config, PluginConfig):
        return replace(manifest, error=f"{manifest.app_config} is no PluginConfig")
    if config.label != manifest.name:
        return replace(manifest, error=f"its label is {config.label!r}; it must be the plugin's name")
    return manifest


def _without_orphans(manifests: list[Manifest]) -> list[Manifest]:
    """Mark plugins that need one which is not there or does not load, and those that need them."""
    while True:
        good = {manifest.name for manifest in manifests if not manifest.error}
        orphans = {m.name: [name for name in m.requires if name not in good] for m in manifests if not m.error}
        if not any(orphans.values()):
            return manifests
        manifests = [
            replace(m, error=f"needs plugin {', '.join(orphans[m.name])}, which is not there", fault=Fault.UNUSABLE)
            if orphans.get(m.name)
            else m
            for m in manifests
        ]


def usable(manifests: Collection[Manifest]) -> list[str]:
    """App configurations for ``INSTALLED_APPS``: of the plugins without an error."""
    return [manifest.app_config for manifest in manifests if not manifest.error]
