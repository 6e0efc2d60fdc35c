"""How good a detector is on a world with known truth."""
