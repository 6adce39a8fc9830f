"""Public test support: job runner, API client, conformance suites of the driver kinds."""
