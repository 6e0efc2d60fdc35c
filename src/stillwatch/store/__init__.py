"""Where state rests between runs."""
