"""What this plugin gives to the portal."""

from cloudstack.plugin import gives
from cloudstack.plugin.health import HealthCheck
from cloudstack.plugin.jobs import ScheduledJob
from cloudstack.plugin.resources import OwnedKind
from plugins.features.coffee import commands, config, portal
from plugins.features.coffee.manager import COFFEES
from plugins.features.coffee.models import Coffee
from plugins.features.coffee.workflow import BrewCoffee

register_owned_models = gives(OwnedKind(model=Coffee, remove=COFFEES.remove))
register_resource_limits = gives(config.CUPS)
register_config_keys = gives(config.BREW_TIME_S, config.LARGEST_SIZE, config.STALE_AFTER_MIN)
register_metrics = gives(config.CHANGES, config.IN_STATE)
register_managers = gives(COFFEES)
register_api_commands = gives(commands.CreateCoffee, commands.ListCoffees, commands.UpdateCoffee, commands.RemoveCoffee)
register_workflows = gives(BrewCoffee)
register_scheduled_jobs = gives(ScheduledJob("coffee.stale", 60, COFFEES.discard_stale, "Discards stale coffees."))
register_health_checks = gives(HealthCheck("Machine", COFFEES.problem))
register_portal_sections = gives(portal.Coffees)
register_object_panels = gives(*portal.PANELS)
