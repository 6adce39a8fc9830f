"""What this plugin gives to the portal."""

from typing import Any

from cloudstack.plugin import hookimpl


@hookimpl
def register_image_store_drivers() -> dict[str, Any]:
    from plugins.storage.directory.driver import DirectoryStore

    return {"Directory": DirectoryStore}
