"""Coffee as a service: the plugin that the tutorial builds, and that authors copy."""
