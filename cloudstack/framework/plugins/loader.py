"""Discovery before Django: reads manifests, orders them, then tries whether each plugin's app can be made.

Plugins are found as ``<kind>/<name>/plugin.toml`` in the folder ``plugins/`` and in folders of the operator's, and
through the entry-point group ``cloudstack.plugins`` of installed packages. What is wrong with one is kept for the
operator to see.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace
from importlib import import_module
from importlib.metadata import EntryPoint, entry_points
from importlib.util import find_spec
from pathlib import Path

from cloudstack.framework.plugins.manifest import FILE, Fault, Manifest, Need, read_installed, read_manifest

ENTRY_POINT_GROUP = "cloudstack.plugins"
PACKAGE = "plugins"
"""What lies in the folders is imported below this name, wherever the folder is."""


def discover(
    folder: Path,
    disabled: Collection[str] = (),
    *,
    more: Iterable[Path] = (),
    failed: Mapping[str, str] | None = None,
) -> list[Manifest]:
    """All plugins in the order of their loading, broken ones included.

    Those in ``disabled`` carry that as their error. ``more``: folders outside the project that are laid out like
    ``folder``. ``failed``: plugin → why it must be left out of this start, although it is wanted.
    """
    found: dict[str, Manifest] = {}
    for place in (folder, *more):
        for path in sorted(place.glob(f"*/*/{FILE}")):
            _add(found, read_manifest(path), "two folders have this name")
    for entry in sorted(entry_points(group=ENTRY_POINT_GROUP), key=lambda entry: entry.name):
        twice = found.get(entry.name)
        folder_too = twice is not None and twice.origin == "folder"
        clash = "is both a folder and an installed package" if folder_too else "two installed packages have this name"
        _add(found, _manifest_of(entry), clash)
    for name in found.keys() & set(disabled):
        found[name] = replace(found[name], error="disabled by the operator", fault=Fault.DISABLED)
    for name, reason in (failed or {}).items():
        if name in found and not found[name].error:
            found[name] = replace(found[name], error=reason)
    return ordered(found.values())


def join_folders(folders: Iterable[Path]) -> None:
    """Let Python find ``plugins.<kind>.<name>`` in these folders, too. Nothing of the plugins is imported."""
    for folder in folders:
        _add_path(PACKAGE, folder)
        for kind in sorted({path.parent.parent for path in folder.glob(f"*/*/{FILE}")}):
            _add_path(f"{PACKAGE}.{kind.name}", kind)


def _add_path(package: str, folder: Path) -> None:
    path = import_module(package).__path__
    if str(folder) not in list(path):
        path.append(str(folder))


def _add(found: dict[str, Manifest], manifest: Manifest, clash: str) -> None:
    if manifest.name in found:
        manifest = Manifest(manifest.name, "", manifest.origin, error=clash)
    found[manifest.name] = manifest


def _manifest_of(entry: EntryPoint) -> Manifest:
    """The entry point names the package that holds ``plugin.toml``; it is looked up without being imported."""
    version = entry.dist.version if entry.dist else ""
    place = entry.dist.name if entry.dist else ""
    try:
        return read_installed(
            _file_of(entry.module), name=entry.name, package=entry.module, version=version, place=place
        )
    except (ImportError, ValueError) as error:
        return Manifest(entry.name, "", "package", version, error=str(error), place=place)


def _file_of(package: str) -> Path:
    """Where the manifest of ``package`` is. Raises ``ImportError`` when there is none."""
    top, *below = package.split(".")
    spec = find_spec(top)
    folders = list(spec.submodule_search_locations or ()) if spec is not None else []
    for folder in folders:
        path = Path(folder, *below, FILE)
        if path.is_file():
            return path
    raise ImportError(
        f"the entry point must name the package that holds {FILE}; there is none in {package!r}"
        if folders
        else f"there is no package {top!r}"
    )


def ordered(manifests: Iterable[Manifest]) -> list[Manifest]:
    """What a plugin needs stands before it. Those whose needs are not met carry that as their error.

    Otherwise the order is kept, so that it is the same at each start.
    """
    known = {manifest.name: manifest for manifest in manifests}
    placed: dict[str, Manifest] = {}

    def place(name: str, asking: tuple[str, ...]) -> None:
        if name in placed or name not in known:
            return
        if name in asking:
            circle = " → ".join([*asking[asking.index(name) :], name])
            for one in asking[asking.index(name) :]:
                if not known[one].error:
                    known[one] = replace(known[one], error=f"plugins need each other in a circle: {circle}")
            return
        for need in known[name].requires:
            place(need.name, (*asking, name))
        manifest = known[name]
        lacking = [reason for need in manifest.requires if (reason := _lacking(need, placed))]
        if lacking and not manifest.error:
            manifest = replace(manifest, error="; ".join(lacking), fault=Fault.UNUSABLE)
        placed[name] = manifest

    for name in known:
        place(name, ())
    return list(placed.values())


def _lacking(need: Need, placed: Mapping[str, Manifest]) -> str:
    """Why ``need`` is not met; empty when it is."""
    found = placed.get(need.name)
    if found is None:
        return f"needs plugin {need}, which is not there"
    if found.fault is Fault.DISABLED and found.error:
        return f"needs plugin {need}, which is disabled"
    if found.error:
        return f"needs plugin {need}, which is {found.fault}: {found.error}"
    if not need.admits(found.version):
        return f"needs plugin {need}; there is version {found.version or 'unknown'} of it"
    return ""


def checked(manifests: Collection[Manifest], taken: Collection[str] = ()) -> list[Manifest]:
    """The same plugins; those whose app cannot be made carry the reason. Runs the plugins' ``apps.py``.

    For settings: a plugin that cannot even be imported must not keep the portal from starting. ``taken``: labels of
    the platform's own apps.
    """
    return ordered([manifest if manifest.error else _tried(manifest, taken) for manifest in manifests])


def _tried(manifest: Manifest, taken: Collection[str]) -> Manifest:
    from django.apps import AppConfig

    from cloudstack.framework.plugins.config import PluginConfig

    if manifest.name in taken or manifest.name.startswith("cloudstack_"):
        return replace(manifest, error=f"the platform has an app named {manifest.name!r} itself; choose another name")
    try:
        config = AppConfig.create(manifest.app_config)
    except (Exception, SystemExit) as error:  # any fault of the plugin's own code
        return replace(manifest, error=f"{manifest.app_config}: {type(error).__name__}: {error}")
    if not isinstance(config, PluginConfig):
        return replace(manifest, error=f"{manifest.app_config} is no PluginConfig")
    if config.label != manifest.name:
        return replace(manifest, error=f"its label is {config.label!r}; it must be the plugin's name")
    return manifest


def usable(manifests: Collection[Manifest]) -> list[str]:
    """App configurations for ``INSTALLED_APPS``: of the plugins without an error."""
    return [manifest.app_config for manifest in manifests if not manifest.error]


def labels_of(apps: Iterable[str]) -> set[str]:
    """Labels that ``apps`` of ``INSTALLED_APPS`` have, as far as their paths tell; nothing is imported for it."""
    return {"admin", "platform", *((app.rpartition(".apps.")[0] or app).rpartition(".")[2] for app in apps)}
