"""What `make bench` runs: each figure against a limit measured in the same run."""
