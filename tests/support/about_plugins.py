"""Which tests are about one plugin, and go with its folder. All others name no plugin but those of their stage.

The core's tests need a hypervisor to try things on, and an element that gives networks their services; the core knows
neither. Every other plugin's folder may be taken away, and the core's tests pass.
"""

from pathlib import Path

REPO = Path(__file__).resolve().parent.parent.parent

STAGE = frozenset({"hypervisors/simulator", "network/virtual_router"})
"""Plugins that tests of the core play on. They import the first alone; of the second they use names of services."""

ABOUT = {
    "integration/kvm": "hypervisors/kvm",
    "integration/vmware": "hypervisors/vmware",
    "unit/kvm": "hypervisors/kvm",
    "unit/virtual_router": "network/virtual_router",
    "workflows/network/test_real_hosts.py": "network/virtual_router",
    "workflows/storage/test_directory_store.py": "storage/directory",
    "workflows/storage/test_template_registration.py": "storage/directory",
}
"""Folder or file of ``tests/`` → the plugin in ``plugins/`` that it is about."""


def plugin_of(path: Path) -> str:
    """The plugin that the tests at ``path`` are about; empty for those of the core."""
    inside = path.relative_to(REPO / "tests") if path.is_relative_to(REPO / "tests") else None
    for place, plugin in ABOUT.items():
        if inside is not None and inside.is_relative_to(place):
            return plugin
    return ""


def is_without_plugin(path: Path) -> bool:
    """Whether what the tests at ``path`` are about is not there."""
    plugin = plugin_of(path)
    return bool(plugin) and not (REPO / "plugins" / plugin).is_dir()
