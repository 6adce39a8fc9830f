"""The manifest of a plugin: what is known of it before any of its code runs.

It is the file ``plugin.toml`` in the plugin's package, the same for a folder and for an installed wheel.
"""

import re
import tomllib
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any

from packaging.requirements import InvalidRequirement, Requirement
from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.version import InvalidVersion, Version

from cloudstack import __version__

FILE = "plugin.toml"
_NAME = re.compile(r"[a-z][a-z0-9_]*")
_KNOWN = {
    "name",
    "app_config",
    "version",
    "description",
    "kinds",
    "core",
    "requires",
    "required_settings",
    "default_settings",
}


class Fault(StrEnum):
    """Why a plugin is not in service."""

    DISABLED = "disabled"
    """The operator wants it so."""
    UNUSABLE = "not usable"
    """It is sound, but what it needs is not there."""
    BROKEN = "broken"


@dataclass(frozen=True)
class Need:
    """Another plugin that must be in service, in one of ``versions`` (``>=1,<2``; empty: any)."""

    name: str
    versions: str = ""

    def __str__(self) -> str:
        return self.name + self.versions

    def admits(self, version: str) -> bool:
        """Whether ``version`` is one of those; a version that is none satisfies no range."""
        try:
            return not self.versions or Version(version) in SpecifierSet(self.versions, prereleases=True)
        except InvalidVersion:
            return False


@dataclass(frozen=True)
class Manifest:
    """What ``plugin.toml`` says, and where it was found."""

    name: str
    app_config: str
    origin: str
    """``folder`` (plugins/ or a folder of the operator) or ``package`` (an installed one)."""
    version: str = ""
    requires: tuple[Need, ...] = ()
    default_settings: dict[str, Any] = field(default_factory=dict)
    """Operator settings by name, with the defaults that they have while this plugin is in service."""
    core: str = ""
    """Versions of the platform that it is made for, as in ``>=0.1,<2`` (PEP 440); empty: any."""
    error: str = ""
    kinds: tuple[str, ...] = ()
    """What it is: ``hypervisors``, ``features``… Of a folder the name of the folder above it is the first."""
    description: str = ""
    fault: Fault = Fault.BROKEN
    """What its ``error`` means."""
    required_settings: tuple[str, ...] = ()
    """Operator settings that must have a value for it to work."""
    place: str = ""
    """The folder of its package, or the distribution that brings it."""


class _MadeForOthers(ValueError):
    """A plugin for other versions of the platform."""


def read_manifest(path: Path) -> Manifest:
    """Read the ``plugin.toml`` of ``<kind>/<name>/``; a broken one becomes a manifest that carries its error."""
    name, kind = path.parent.name, path.parent.parent.name
    return _read(path, name=name, package=f"plugins.{kind}.{name}", origin="folder", kind=kind)


def read_installed(path: Path, *, name: str, package: str, version: str, place: str) -> Manifest:
    """Read the ``plugin.toml`` of an installed ``package`` whose entry point is called ``name``.

    ``version`` is that of the distribution: the manifest need not repeat it, and must not contradict it.
    """
    return _read(path, name=name, package=package, origin="package", version=version, place=place)


def _read(
    path: Path, *, name: str, package: str, origin: str, kind: str = "", version: str = "", place: str = ""
) -> Manifest:
    kinds = (kind,) if kind else ()
    place = place or str(path.parent)

    def faulty(reason: str, fault: Fault = Fault.BROKEN) -> Manifest:
        return Manifest(name, "", origin, version, error=reason, kinds=kinds, fault=fault, place=place)

    try:
        data = tomllib.loads(path.read_text(encoding="utf-8")).get("plugin")
        if not isinstance(data, dict):
            raise ValueError("the manifest has no table [plugin]")
        if (strange := sorted(data.keys() - _KNOWN)) != []:
            raise ValueError(
                f"the manifest says {strange[0]!r}, which means nothing; it may say {', '.join(sorted(_KNOWN))}"
            )
        if data["name"] != name:
            where = "folder" if kind else "entry point"
            raise ValueError(f"the manifest says name = {data['name']!r}, the {where} is {name!r}")
        if not _NAME.fullmatch(name):
            raise ValueError(
                f"the name {name!r} must be lower-case letters, digits and _: it names the plugin's tables"
            )
        said = str(_of_type(data, "version", str, "")) or version
        if version and said != version:
            raise ValueError(f"the manifest says version = {said!r}, the installed package is {version}")
        version = said
        core = _of_type(data, "core", str, "")
        if __version__ not in SpecifierSet(core, prereleases=True):
            raise _MadeForOthers(f"it is made for versions {core} of the platform; this is {__version__}")
        return Manifest(
            name=name,
            app_config=_of_type(data, "app_config", str, "") or package,
            origin=origin,
            version=version,
            requires=tuple(_need(one) for one in _texts(data, "requires")),
            default_settings=_of_type(data, "default_settings", dict, {}),
            core=core,
            kinds=tuple(dict.fromkeys([*kinds, *_texts(data, "kinds")])),
            description=str(data.get("description", "")),
            required_settings=tuple(_texts(data, "required_settings")),
            place=place,
        )
    except _MadeForOthers as error:
        return faulty(str(error), Fault.UNUSABLE)
    except InvalidSpecifier as error:
        return faulty(f"core must be like '>=0.1,<2': {error}")
    except (tomllib.TOMLDecodeError, KeyError, ValueError, OSError) as error:
        return faulty(f"{path.name} lacks {error}" if isinstance(error, KeyError) else str(error))


def _of_type(data: dict[str, Any], key: str, kind: type, default: Any) -> Any:
    value = data.get(key, default)
    if not isinstance(value, kind):
        raise ValueError(f"{key} must be a {kind.__name__}, not {value!r}")
    return value


def _texts(data: dict[str, Any], key: str) -> list[str]:
    found = _of_type(data, key, list, [])
    for one in found:
        if not isinstance(one, str):
            raise ValueError(f"{key} must be a list of texts, not {found!r}")
    return list(found)


def _need(text: str) -> Need:
    """``cups`` or ``cups>=1,<2``. Raises ``ValueError``."""
    try:
        found = Requirement(text)
    except InvalidRequirement as error:
        raise ValueError(f"requires: {text!r} must be like 'cups>=1,<2': {error}") from None
    if found.extras or found.marker or found.url:
        raise ValueError(f"requires: {text!r} must be the name of a plugin and versions of it, nothing else")
    return Need(found.name, str(found.specifier))
