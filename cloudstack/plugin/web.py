"""For plugins that answer requests themselves; see the hook ``register_urls``."""

from cloudstack.api.addresses import client_address, networks_of, within

__all__ = ["client_address", "networks_of", "within"]
