"""What the commands of the accounts app answer. Wire names live here and in commands, nowhere else."""
