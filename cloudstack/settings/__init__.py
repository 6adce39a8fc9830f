"""Settings by environment: ``dev``, ``test`` and ``production`` build on ``base``."""
