"""Compute: virtual machines, their cards, their disks' attachments, service offerings and SSH keys."""
