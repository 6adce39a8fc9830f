"""The framework: plugins, jobs, events, settings, state machine, errors. It knows no cloud."""
