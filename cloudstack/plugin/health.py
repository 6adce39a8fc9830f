"""How a plugin says whether it is well; see the hook ``register_health_checks``."""

from cloudstack.framework.plugins.health import HealthCheck

__all__ = ["HealthCheck"]
