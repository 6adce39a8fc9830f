"""The last step of start-up: what plugins registered is joined to what the core declares."""
