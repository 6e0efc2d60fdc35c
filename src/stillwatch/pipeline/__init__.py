"""Settings and wiring of the stages."""
