"""Django's ``migrate``, which goes on with the rest when a plugin's tables cannot be brought up to date."""

from typing import Any

from django.apps import apps
from django.conf import settings
from django.core import checks
from django.core.management.commands import migrate
from django.db.migrations import Migration

from cloudstack.framework.plugins.config import PluginConfig
from cloudstack.framework.plugins.manager import pm
from cloudstack.runtime import plugin_faults

_TAGS = [checks.Tags.models, checks.Tags.admin]


class Command(migrate.Command):
    """A plugin that fails here is noted in the data folder and left out of what starts until the next ``migrate``.

    The core goes first then, and each plugin after those that it needs. What a failed migration did is rolled back as
    far as the database can; tables that were there stay.
    """

    help = f"{migrate.Command.help} A plugin whose migrations fail is left out, and the rest goes on."

    def __init__(self, *args: Any, **options: Any):
        super().__init__(*args, **options)
        self.failed: dict[str, str] = {}
        self._now: Migration | None = None

    def check(self, app_configs: Any = None, *args: Any, **options: Any) -> Any:
        """Errors in the models of plugins are theirs: see ``handle``."""
        if app_configs is None and (ill := [config.label for config in _plugins() if _ill(config)]):
            app_configs = [config for config in apps.get_app_configs() if config.label not in ill]
        return super().check(app_configs, *args, **options)

    def handle(self, *args: Any, **options: Any) -> None:
        special = ("app_label", "plan", "check_unapplied", "prune", "fake", "fake_initial")
        if any(options.get(name) for name in special):
            super().handle(*args, **options)
            return
        modules = settings.MIGRATION_MODULES
        try:
            for config in _plugins():
                if reason := self._lacks(config) or _ill(config):
                    self._fail(config, reason)
            try:
                super().handle(*args, **options)
            except Exception:
                if not any(config.label not in self.failed for config in _plugins()):
                    raise
                self._one_by_one(args, options)
        finally:
            settings.MIGRATION_MODULES = modules
        plugin_faults.write(settings.DATA_DIR, self.failed)

    def _one_by_one(self, args: Any, options: Any) -> None:
        """The core, then plugin by plugin. An error of the core is raised."""
        left = [config for config in _plugins() if config.label not in self.failed]
        modules = settings.MIGRATION_MODULES
        settings.MIGRATION_MODULES = modules | {config.label: None for config in left}
        super().handle(*args, **options)
        for config in left:
            if reason := self._lacks(config):
                self._fail(config, reason)
                continue
            settings.MIGRATION_MODULES = {
                name: module for name, module in settings.MIGRATION_MODULES.items() if name != config.label
            }
            self._now = None
            try:
                super().handle(*args, **options)
            except (Exception, SystemExit) as error:
                what = f"migration {self._now.name}" if self._now else "migrations"
                self._fail(config, f"{what}: {type(error).__name__}: {error}")

    def migration_progress_callback(self, action: str, migration: Any = None, fake: bool = False) -> None:
        """Remembers which migration is under way, for the message."""
        if action == "apply_start":
            self._now = migration
        super().migration_progress_callback(action, migration, fake)

    def _lacks(self, config: PluginConfig) -> str:
        status = pm.statuses.get(config.label)
        lacking = [name for name in (status.requires if status else ()) if name in self.failed]
        return f"needs plugin {lacking[0]}, whose tables are not up to date" if lacking else ""

    def _fail(self, config: PluginConfig, reason: str) -> None:
        self.failed[config.label] = reason
        settings.MIGRATION_MODULES = settings.MIGRATION_MODULES | {config.label: None}
        self.stderr.write(f"plugin {config.label} is left out until the next migrate: {reason}")
        pm.fail(config.label, reason)


def _plugins() -> list[PluginConfig]:
    """In the order of their loading."""
    return [config for config in apps.get_app_configs() if isinstance(config, PluginConfig)]


def _ill(config: PluginConfig) -> str:
    """What Django's checks find wrong with the plugin's models and pages; every command of manage.py would refuse."""
    try:
        found = checks.run_checks(app_configs=[config], tags=_TAGS)
    except Exception as error:
        return f"the checks of its models failed: {type(error).__name__}: {error}"
    errors = [message for message in found if message.level >= checks.ERROR]
    return f"{errors[0].obj}: {errors[0].msg} ({errors[0].id})" if errors else ""
