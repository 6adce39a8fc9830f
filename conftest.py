"""All tests of the project, and those of its plugins, have the fixtures that plugins outside have."""

pytest_plugins = ["cloudstack.testing.fixtures"]
