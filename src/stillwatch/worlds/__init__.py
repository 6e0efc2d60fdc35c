"""Benchmark worlds with known truth."""
