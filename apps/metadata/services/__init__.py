"""Intent: what callers want attached or taken off."""
