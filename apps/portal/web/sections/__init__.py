"""What stands in the menu, and the sections that belong to no other app."""
