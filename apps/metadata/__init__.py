"""What can be attached to an object of any kind: tags, details, icons, notes."""
