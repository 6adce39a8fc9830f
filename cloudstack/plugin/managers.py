"""What a plugin keeps going as long as the portal runs; see the hook ``register_managers``."""

from cloudstack.framework.plugins.services import Manager, Program

__all__ = ["Manager", "Program"]
