"""Measurements: each figure beside the floor of the same machine, so that ratios can be compared over time."""
