"""An image store in a directory of the portal's machine."""
