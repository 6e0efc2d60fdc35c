"""Renderers: each reads the frozen document and nothing else."""
