"""Discovery before Django: reads manifests, imports no plugin code.

Plugins are found as ``plugins/<kind>/<name>/plugin.toml`` and through the entry-point group
``cloudstack.plugins`` of installed packages. What is wrong with one is kept for the operator to see.
"""

import tomllib
from collections.abc import Collection
from dataclasses import dataclass, field
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any

ENTRY_POINT_GROUP = "cloudstack.plugins"


@dataclass(frozen=True)
class Manifest:
    """What is known of a plugin before any of its code runs."""

    name: str
    app_config: str
    origin: str
    version: str = ""
    requires: tuple[str, ...] = ()
    default_settings: dict[str, Any] = field(default_factory=dict)
    error: str = ""


def read_manifest(path: Path) -> Manifest:
    """Read one ``plugin.toml``; a broken one becomes a manifest that carries its error."""
    name = path.parent.name
    try:
        data = tomllib.loads(path.read_text(encoding="utf-8"))["plugin"]
        if data["name"] != name:
            raise ValueError(f"the manifest says name = {data['name']!r}, the folder is {name!r}")
        return Manifest(
            name=name,
            app_config=data["app_config"],
            origin="folder",
            version=str(data.get("version", "")),
            requires=tuple(data.get("requires", ())),
            default_settings=dict(data.get("default_settings", {})),
        )
    except (tomllib.TOMLDecodeError, KeyError, ValueError, OSError) as error:
        reason = f"{path.name} lacks {error}" if isinstance(error, KeyError) else str(error)
        return Manifest(name=name, app_config="", origin="folder", error=reason)


def discover(folder: Path, disabled: Collection[str] = ()) -> list[Manifest]:
    """All plugins, broken ones included; those in ``disabled`` carry that as their error."""
    found: dict[str, Manifest] = {}
    for path in sorted(folder.glob("*/*/plugin.toml")):
        manifest = read_manifest(path)
        if manifest.name in found:
            manifest = Manifest(manifest.name, "", "folder", error="two folders have this name")
        found[manifest.name] = manifest
    for entry in entry_points(group=ENTRY_POINT_GROUP):
        if entry.name in found:
            found[entry.name] = Manifest(entry.name, "", "package", error="is both a folder and an installed package")
            continue
        version = entry.dist.version if entry.dist else ""
        found[entry.name] = Manifest(entry.name, entry.value.replace(":", "."), "package", version)
    result = []
    for manifest in found.values():
        missing = [name for name in manifest.requires if name not in found or name in disabled]
        error = manifest.error
        if manifest.name in disabled:
            error = "disabled by the operator"
        elif missing and not error:
            error = f"needs plugin {', '.join(missing)}, which is not there"
        result.append(Manifest(**{**vars(manifest), "error": error}))
    return result


def usable(manifests: Collection[Manifest]) -> list[str]:
    """App configurations for ``INSTALLED_APPS``: of plugins without an error whose app can be imported."""
    return [manifest.app_config for manifest in manifests if not manifest.error]
