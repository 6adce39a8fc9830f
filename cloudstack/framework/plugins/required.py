"""Settings without which a plugin cannot work: it is in service, so that they can be set, and says what it lacks."""

from cloudstack.framework.plugins.manager import pm


def check_declared() -> None:
    """Take plugins out whose manifests require a setting that nobody declares."""
    from cloudstack.framework.configuration import registry

    for status in list(pm.statuses.values()):
        unknown = [name for name in status.required_settings if registry.get(name) is None]
        if status.enabled and unknown:
            pm.fail(status.name, f"required_settings: there is no setting {unknown[0]!r}")


def missing_settings(plugin: str) -> list[str]:
    """Those of the required settings of a plugin in service that have no value."""
    from cloudstack.framework.configuration import registry

    names = pm.statuses[plugin].required_settings if pm.in_service(plugin) else ()
    keys = [key for name in names if (key := registry.get(name)) is not None]
    return [key.name for key in keys if key.value() in (None, "")]
