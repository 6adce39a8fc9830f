"""Machines on VMware vSphere, through vCenter."""
