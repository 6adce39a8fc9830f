"""Steps that several workflows of machines share."""
