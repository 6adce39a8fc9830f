"""Settings of one subject each."""
