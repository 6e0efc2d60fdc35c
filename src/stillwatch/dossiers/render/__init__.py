"""Renderers: they read the frozen case and nothing else."""
