"""Commands that make the simulated world misbehave."""
