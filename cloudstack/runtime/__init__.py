"""Starting, watching and stopping the processes of an installation. Nothing here needs Django to be imported."""
