"""Studies: what differs between one kind of measurement and the next, and nothing else."""
