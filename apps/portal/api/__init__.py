"""The API of the portal: events, settings, capabilities, jobs."""
